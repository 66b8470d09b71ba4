import { describe, expect, test } from '@jest/globals';
import { readWorkerConfiguration } from '../../worker/configuration.ts';

describe("the worker's configuration", () => {
  test('needs a region and has defaults for the rest; an empty variable is none', () => {
    const defaults = {
      temporalAddress: '127.0.0.1:7233',
      temporalNamespace: 'default',
      region: 'eu-west-1',
      settleSeconds: 120,
      repairSeconds: 600,
      nodeRepairSeconds: 600,
      sweepSeconds: 600,
      pacing: { retryMs: 10_000, retryMaxMs: 1_800_000, overdueMs: 600_000 },
      metricsApiService: true,
      logLevel: 'info',
      activitySlots: 40,
      cachedWorkflows: 200,
    };
    expect(readWorkerConfiguration({ AWS_REGION: 'eu-west-1' })).toEqual(defaults);
    expect(
      readWorkerConfiguration({ AWS_REGION: 'eu-west-1', TEMPORAL_ADDRESS: '', SLIPWAY_HUB_ENDPOINT: '' }),
    ).toEqual(defaults);
  });

  test('is what the environment says', () => {
    expect(
      readWorkerConfiguration({
        AWS_REGION: 'eu-west-1',
        TEMPORAL_ADDRESS: 'temporal:7233',
        TEMPORAL_NAMESPACE: 'slipway',
        KUBECONFIG: '/kubeconfig',
        SLIPWAY_HUB_ENDPOINT: 'http://127.0.0.1:8085',
        SLIPWAY_CLUSTER_PROXY: 'http://127.0.0.1:8118',
        SLIPWAY_SETTLE_SECONDS: '0',
        SLIPWAY_SWEEP_SECONDS: '60',
        SLIPWAY_RETRY_SECONDS: '0.5',
        SLIPWAY_RETRY_MAX_SECONDS: '2',
        SLIPWAY_METRICS_API_SERVICE: 'false',
        SLIPWAY_METRICS_ADDRESS: '0.0.0.0:9464',
        SLIPWAY_LOG_LEVEL: 'debug',
        SLIPWAY_BUILD_ID: '1.4.0-rc.1',
      }),
    ).toMatchObject({
      buildId: '1.4.0-rc.1',
      temporalAddress: 'temporal:7233',
      temporalNamespace: 'slipway',
      kubeconfig: '/kubeconfig',
      hubEndpoint: 'http://127.0.0.1:8085',
      clusterProxy: 'http://127.0.0.1:8118',
      settleSeconds: 0,
      sweepSeconds: 60,
      pacing: { retryMs: 500, retryMaxMs: 2_000 },
      metricsApiService: false,
      metricsAddress: '0.0.0.0:9464',
      logLevel: 'debug',
    });
  });

  test('that is wrong is refused with every wrong variable by name', () => {
    const read = (): unknown =>
      readWorkerConfiguration({
        AWS_REGION: '',
        SLIPWAY_SETTLE_SECONDS: 'soon',
        SLIPWAY_CLUSTER_PROXY: 'here',
        SLIPWAY_METRICS_ADDRESS: '9464',
        SLIPWAY_LOG_LEVEL: 'loud',
      });
    expect(read).toThrow(/AWS_REGION is not set: name the region/);
    for (const name of [
      'SLIPWAY_SETTLE_SECONDS',
      'SLIPWAY_CLUSTER_PROXY',
      'SLIPWAY_METRICS_ADDRESS',
      'SLIPWAY_LOG_LEVEL',
    ]) {
      expect(read).toThrow(name);
    }
  });
});

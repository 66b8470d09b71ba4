import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { BlockedVerdict } from '../../words/steps.ts';
import { createMetrics, type StuckListing, serveMetrics } from '../../worker/metrics.ts';

const freeAddress = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
};

describe('metrics', () => {
  test('are named in base units, with a prefix, and without a label per object', async () => {
    const { registry } = createMetrics();
    const ours = (await registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('slipway_'));
    expect(ours.map(({ name }) => name).sort()).toEqual([
      'slipway_aws_request_duration_seconds',
      'slipway_aws_requests_total',
      'slipway_backup_oldest_seconds',
      'slipway_blocked_oldest_seconds',
      'slipway_blocked_steps',
      'slipway_certificate_earliest_end_seconds',
      'slipway_clusters_without_backup',
      'slipway_conditions',
      'slipway_objects',
      'slipway_soak_oldest_seconds',
      'slipway_step_duration_seconds',
      'slipway_steps_total',
      'slipway_stuck_objects',
    ]);
  });

  test('carry labels for what was called and what a step was about', async () => {
    const metrics = createMetrics();
    metrics.awsCalls.inc({ service: 'ec2', operation: 'CreateVolume', code: 'OK' });
    metrics.steps.inc({ verb: 'ensure', kind: 'etcd-volume', outcome: 'created' });
    const text = await metrics.registry.metrics();
    expect(text).toContain('slipway_aws_requests_total{service="ec2",operation="CreateVolume",code="OK"} 1');
    expect(text).toContain('slipway_steps_total{verb="ensure",kind="etcd-volume",outcome="created"} 1');
  });

  test('count what is stuck whenever they are read, objects and steps, and say nothing rather than something old', async () => {
    const step = (kind: string, verdict: BlockedVerdict, seconds = 0) => ({
      ...{ step: `ensure ${kind}/0`, kind, verdict, since: Date.now() - seconds * 1_000 },
    });
    let listed: readonly StuckListing[] | undefined = [
      {
        object: 'AWSCluster',
        phase: 'Running',
        blocked: [step('etcd-volume', 'blocked', 60), step('etcd-volume', 'blocked')],
      },
      { object: 'AWSNodePool', phase: 'Running', blocked: [step('nodes', 'retry')] },
      { object: 'AWSNodePool', phase: 'Paused', blocked: [] },
    ];
    const read = async (): Promise<string[]> => {
      const { registry } = createMetrics({
        stuck: async () => {
          if (listed === undefined) throw new Error('Temporal is away');
          return listed;
        },
      });
      return (await registry.metrics()).split('\n').filter((line) => /^slipway_(blocked|stuck)_/.test(line));
    };
    expect(await read()).toEqual([
      'slipway_stuck_objects{kind="AWSCluster",reason="StepBlocked",waits_for="person"} 1',
      'slipway_stuck_objects{kind="AWSNodePool",reason="Retrying",waits_for="itself"} 1',
      'slipway_stuck_objects{kind="AWSNodePool",reason="Paused",waits_for="person"} 1',
      'slipway_blocked_steps{kind="etcd-volume",verdict="blocked"} 2',
      'slipway_blocked_steps{kind="nodes",verdict="retry"} 1',
      expect.stringMatching(/^slipway_blocked_oldest_seconds 60\./),
    ]);
    listed = [];
    expect(await read()).toEqual(['slipway_blocked_oldest_seconds 0']);
    listed = undefined;
    expect(await read()).toEqual([]);
  });

  test('count down to the first certificate that ends, of all clusters that are still met', async () => {
    const clock = { now: 1_000_000 };
    const { registry, certificates } = createMetrics(undefined, () => clock.now);
    const lines = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('slipway_certificate_'));
    const line = (kind: string, seconds: number) =>
      `slipway_certificate_earliest_end_seconds{kind="${kind}"} ${seconds}`;
    expect(await lines()).toEqual([]);
    const at = (kind: string, seconds: number) => ({ kind, notAfter: clock.now + seconds * 1_000 });
    certificates('a', [at('authority', 500), at('authority', 300), at('api-server', 20)]);
    certificates('b', [at('authority', 400)]);
    expect(await lines()).toEqual([line('authority', 300), line('api-server', 20)]);
    clock.now += 30_000;
    expect(await lines()).toEqual([line('authority', 270), line('api-server', -10)]);
    clock.now += 3 * 3_600_000 - 30_000;
    certificates('b', [at('authority', 400)]);
    expect(await lines()).toEqual([line('authority', 400)]);
  });

  test('are served beside the health of the process, and nothing else is', async () => {
    const address = await freeAddress();
    const server = serveMetrics(address, createMetrics(), (error) => {
      throw error;
    });
    await once(server, 'listening');
    try {
      const metrics = await fetch(`http://${address}/metrics`);
      expect(metrics.headers.get('content-type')).toContain('text/plain');
      expect(await metrics.text()).toContain('# TYPE slipway_steps_total counter');
      expect(await (await fetch(`http://${address}/healthz`)).text()).toBe('ok\n');
      expect((await fetch(`http://${address}/else`)).status).toBe(404);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('that cannot be served, since somebody has the address, are reported and nothing worse', async () => {
    const address = await freeAddress();
    const [host, port] = address.split(':');
    const first = createServer().listen(Number(port), host);
    await once(first, 'listening');
    const trouble = await new Promise<Error>((resolve) => serveMetrics(address, createMetrics(), resolve));
    expect(trouble.message).toContain('EADDRINUSE');
    first.close();
  });
});

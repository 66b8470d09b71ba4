/** What holds an upgrade for as long as it stands in its way, by a double of what is seen of the cluster. */
import { describe, expect, test } from '@jest/globals';
import type { StepOutcome } from '../../../activities/contract.ts';
import { waitForResource } from '../../../activities/driver.ts';
import { upgradeInsightsDriver } from '../../../activities/kubernetes/upgrade-insights.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { ResourceProperties } from '../../../kinds/resource.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import type { Seen, SeenInside } from '../../../policy/insights.ts';
import type { WaitStep } from '../../../policy/plan.ts';
import { waitStep } from '../../../policy/steps.ts';
import { UPGRADE_INSIGHTS_KEY } from '../../../words/keys.ts';
import { warningOutput } from '../../../words/warnings.ts';
import { CLUSTER_UID, seedCluster } from '../../topology/objects.ts';
import { request } from './wanted.ts';

type Properties = ResourceProperties['upgrade-insights'];

const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
const WELL: SeenInside = {
  apis: [],
  nodes: [{ name: 'n', kubelet: '1.36.3' }],
  budgets: [],
  webhooks: { failClosed: [], namespaces: {} },
  etcd: { bytes: 1 },
};
const BUDGET = { namespace: 'd', name: 'web', allowed: 0, healthy: 1, desired: 1, expected: 1 };

type Surroundings = {
  readonly inside?: Partial<SeenInside> | { readonly unread: string };
  readonly properties?: Partial<Properties>;
  readonly cluster?: KubernetesObject | null;
  readonly bucket?: string | undefined;
};

const UPGRADING = seedCluster({
  status: {
    state: 'Upgrading',
    unhealthyReplicas: [{ index: 0, since: '2026-08-01T10:00:00Z', message: 'does not serve' }],
  } as object,
}) as unknown as KubernetesObject;

const stepFor = (properties: Partial<Properties> = {}): WaitStep =>
  waitStep(
    {
      key: UPGRADE_INSIGHTS_KEY,
      kind: 'upgrade-insights',
      properties: { endpoint: 'nlb', version: '1.37.2-gke.1', snapshot: 'Required', ...properties },
    },
    [],
  );

/** An upgrade whose step is tried; `see` changes what the next try sees. */
const upgradeOf = ({ inside = {}, properties, cluster = UPGRADING, bucket = 'b' }: Surroundings) => {
  const asked: string[] = [];
  const world: { seen: Seen } = {
    seen: { inside: 'unread' in inside ? inside : { ...WELL, ...inside }, authorities: [] },
  };
  const management = { server: 'https://m', find: async () => cluster, serves: async () => true };
  const driver = upgradeInsightsDriver(
    management as unknown as KubernetesClient,
    async ({ status }) => {
      asked.push(status?.endpoint ?? '');
      return world.seen;
    },
    { now: () => 0, ...(bucket === '' ? {} : { bucket }) },
  );
  const step = stepFor(properties);
  const attempt = (): Promise<StepOutcome> =>
    waitForResource(
      driver,
      { ...request('wait', step.resource, CLUSTER), step },
      { signal: new AbortController().signal, since: 0 },
    );
  const see = (seen: Partial<SeenInside>): void =>
    void (world.seen = { inside: { ...WELL, ...seen }, authorities: [] });
  return { attempt, see, asked };
};

const failureOf = async (surroundings: Surroundings) =>
  verdictOf(
    await upgradeOf(surroundings)
      .attempt()
      .then(
        () => new Error('it went on'),
        (error: unknown) => error,
      ),
  );

describe('an upgrade before which insights are looked at', () => {
  test('goes on where nothing stands in its way, whatever status says of the upgrade itself', async () => {
    const { attempt, asked } = upgradeOf({});
    expect(await attempt()).toEqual({ change: 'unchanged', outputs: {} });
    expect(asked).toEqual(['nlb']);
  });

  test('goes on in spite of warnings, each of which is told', async () => {
    const { outputs } = await upgradeOf({ inside: { budgets: [BUDGET] } }).attempt();
    expect(outputs).toEqual({
      [warningOutput('UpgradeAtRisk')]: expect.stringMatching(
        /^The upgrade to 1\.37\.2-gke\.1 .* PodDisruptionBudget d\/web/,
      ),
    });
  });

  test('is blocked by what would break it, with the cure, and goes on once that is cured', async () => {
    const { attempt, see } = upgradeOf({ inside: { nodes: [{ name: 'old', kubelet: '1.33.1' }] } });
    const failure = verdictOf(await attempt().catch((error: unknown) => error));
    expect(failure).toEqual({ verdict: 'blocked', message: expect.stringContaining('node old runs kubelet 1.33.1') });
    expect(failure.message).toContain('To cure it: bring their node pools to a newer version first.');
    see({});
    expect(await attempt()).toEqual({ change: 'unchanged', outputs: {} });
  });

  test.each<[string, Surroundings, object]>([
    [
      'is waited with where the cluster does not answer',
      { inside: { unread: 'no route' } },
      {
        verdict: 'retry',
        waiting: true,
        message: expect.stringContaining("the cluster's API could not be read: no route"),
      },
    ],
    [
      'is waited with where a part that may block could not be read',
      { inside: { webhooks: { unread: 'no webhooks' } } },
      { verdict: 'retry', waiting: true, message: expect.stringContaining('webhooks could not be read: no webhooks') },
    ],
    [
      'is blocked where a snapshot is asked for and goes nowhere',
      { bucket: '' },
      { verdict: 'blocked', message: expect.stringContaining('SLIPWAY_BUCKET') },
    ],
    ['is planned anew where its cluster is gone', { cluster: null }, { verdict: 'superseded' }],
    [
      'is planned anew where another cluster has its name',
      { cluster: seedCluster({ metadata: { uid: 'another' } }) as unknown as KubernetesObject },
      { verdict: 'superseded' },
    ],
    [
      'is planned anew where this release does not know the version',
      { properties: { version: '9.9.9-gke.1' } },
      { verdict: 'superseded', message: expect.stringContaining('9.9.9-gke.1') },
    ],
  ])('%s', async (_, surroundings, expected) => {
    expect(await failureOf(surroundings)).toMatchObject(expected);
  });

  test('needs no bucket where no snapshot is asked for', async () => {
    const { attempt } = upgradeOf({ bucket: '', properties: { snapshot: 'None' } });
    expect(await attempt()).toMatchObject({ outputs: {} });
  });

  test('may be skipped by a person', () => {
    expect(stepFor()).toMatchObject({ id: 'wait upgrade/insights', verb: 'wait' });
    expect(stepFor()).not.toHaveProperty('neverSkipped');
  });
});

/** What holds up the drain of a node that does not serve, and what ends with its machine. */
import { describe, expect, test } from '@jest/globals';
import type { Readiness, Wanted } from '../../../activities/driver.ts';
import { drainDriver } from '../../../activities/kubernetes/drain.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import { KubernetesError } from '../../../kubernetes/errors.ts';
import { warningOutput } from '../../../words/warnings.ts';

type Pod = {
  readonly name: string;
  readonly managed?: boolean;
  readonly terminating?: boolean;
  readonly held?: boolean;
};

const BUDGET = 'The disruption budget web needs 1 healthy pods and has 1 currently';
const refusedByBudget = () =>
  new KubernetesError({
    ...{ status: 429, reason: 'TooManyRequests', object: 'Pod default/web', server: 'https://nlb' },
    ...{ message: BUDGET, explanation: BUDGET },
  });

const podOf = ({ name, managed = true, terminating = false }: Pod): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    uid: name,
    ...(managed ? { ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }] } : {}),
    ...(terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
  },
  spec: { nodeName: 'n' },
  status: { phase: 'Running' },
});

/** A node whose Ready condition says this, with these pods; `held` ones are refused by a budget. */
const nodeThat = (
  ready: 'True' | 'False' | 'Unknown',
  pods: readonly Pod[],
  { late = false, unhealthy = true } = {},
) => {
  const evicted: string[] = [];
  const client = {
    find: async () => ({ metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status: ready }] } }),
    list: async () => pods.map(podOf),
    evict: async ({ name }: { readonly name: string }) => {
      if (pods.find((pod) => pod.name === name)?.held === true) throw refusedByBudget();
      evicted.push(name);
    },
  } as unknown as KubernetesClient;
  const wanted = {
    properties: { endpoint: 'nlb', of: { node: 'n' }, seconds: 600, ...(unhealthy ? { unhealthy } : {}) },
    object: { namespace: 'default' },
    owner: { clusterId: 'gke-1' },
    signal: new AbortController().signal,
    since: late ? Date.now() - 601_000 : Date.now(),
  } as unknown as Wanted<'drain'>;
  const check = async (): Promise<Readiness | undefined> =>
    drainDriver({} as KubernetesClient, async () => client).check?.(wanted);
  return { check, evicted };
};

const GONE = { ready: true, outputs: {} };
const endsWithIt = (left: string) => ({
  ready: true,
  outputs: { [warningOutput('PodsLeft')]: expect.stringMatching(new RegExp(`did not leave node n, .*: ${left}$`)) },
});
const waits = (awaited: string) => ({ ready: false, awaited: expect.stringContaining(awaited) });

const WEB: Pod = { name: 'web' };
const GOING: Pod = { name: 'going', terminating: true };
const HELD: Pod = { name: 'held', held: true };
const BARE: Pod = { name: 'bare', managed: false };

test('the drain of any silent node is over once all of its pods were told to go, since nobody says that they went', async () => {
  const node = nodeThat('Unknown', [WEB, GOING], { unhealthy: false });
  expect(await node.check()).toEqual(endsWithIt('default/going, default/web'));
  expect(await nodeThat('False', [WEB, GOING], { unhealthy: false }).check()).toMatchObject({ ready: false });
});

describe('the drain of a node that is to be repaired', () => {
  test.each<[string, Parameters<typeof nodeThat>, object, readonly string[]]>([
    ['is over where no pod is', ['Unknown', []], GONE, []],
    [
      'of a silent one goes on once all were told, since nobody says that they went',
      ['Unknown', [WEB, GOING]],
      endsWithIt('default/going, default/web'),
      ['web'],
    ],
    [
      'of a silent one waits for a budget',
      ['Unknown', [WEB, HELD]],
      waits('default/held (The disruption budget'),
      ['web'],
    ],
    [
      'of a silent one waits for a budget as long as any, and goes on by itself',
      ['Unknown', [WEB, HELD], { late: true }],
      endsWithIt('default/held, default/web'),
      ['web'],
    ],
    [
      'is not held up by a pod that nothing would start again, and names it',
      ['Unknown', [BARE]],
      endsWithIt('default/bare'),
      [],
    ],
    [
      'of one whose kubelet speaks waits for those that were told',
      ['False', [WEB, BARE]],
      waits('default/web (terminating)'),
      ['web'],
    ],
    [
      'of one whose kubelet speaks goes on by itself once its time is up',
      ['False', [GOING], { late: true }],
      endsWithIt('default/going'),
      [],
    ],
  ])('%s', async (_, [ready, pods, options], expected, evicted) => {
    const node = nodeThat(ready, pods, options);
    expect(await node.check()).toEqual('awaited' in expected ? expect.objectContaining(expected) : expected);
    expect(node.evicted).toEqual(evicted);
  });

  test.each<[string, Parameters<typeof nodeThat>, string]>([
    [
      'that is Ready again holds what its budgets hold',
      ['True', [HELD], { late: true }],
      'not all pods have left node n',
    ],
    ['that is Ready again keeps what nothing would start again', ['True', [WEB, BARE]], 'nothing would start again'],
    [
      'that goes for another reason holds them, too',
      ['Unknown', [HELD], { late: true, unhealthy: false }],
      'not all pods have left node n',
    ],
  ])('%s', async (_, [ready, pods, options], message) => {
    const node = nodeThat(ready, pods, options);
    await expect(node.check()).rejects.toThrow(message);
    expect(node.evicted).toEqual([]);
  });
});

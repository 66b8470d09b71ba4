/** Nodes that take the place of others count once they are Ready in three looks in a row, and no others count. */
import { expect, test } from '@jest/globals';
import type { Readiness, Wanted } from '../../../activities/driver.ts';
import { replacementNodesDriver } from '../../../activities/kubernetes/replacement-nodes.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';

type Seen = { readonly machine: string; readonly ready: boolean; readonly closed?: boolean };

const nodeOf = ({ machine, ready, closed = false }: Seen) => ({
  metadata: { name: `node-of-${machine}` },
  spec: { providerID: `aws:///eu-west-1a/${machine}`, unschedulable: closed },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

/** What a wait for one node beside i-0ld answers, where each look sees the nodes that were told for it. */
const waitingFor = async (...looks: readonly (readonly Seen[])[]) => {
  let asked = 0;
  const client = {
    list: () => {
      const seen = looks[Math.min(asked, looks.length - 1)] ?? [];
      asked += 1;
      return Promise.resolve(seen.map(nodeOf));
    },
  } as unknown as KubernetesClient;
  const wanted = {
    properties: { endpoint: 'balancer.elb', poolId: '1a2b3c4d', besides: ['i-01d'], expected: 1 },
    ...{ object: { namespace: 'default' }, owner: { clusterId: 'gke-1' } },
    ...{ signal: new AbortController().signal, since: Date.now() },
  } as unknown as Wanted<'replacement-nodes'>;
  const driver = replacementNodesDriver(() => Promise.resolve(client), 0);
  const answer: Readiness | undefined = await driver.check?.(wanted);
  return { answer, asked };
};

const OLD = { machine: 'i-01d', ready: true };
const YOUNG = { machine: 'i-0e3', ready: true };

test('a new node that is Ready in three looks in a row is there', async () => {
  expect(await waitingFor([OLD, YOUNG])).toEqual({ answer: { ready: true, outputs: {} }, asked: 3 });
});

test.each([
  ['that was there before', [[OLD]]],
  ['that is not Ready', [[OLD, { ...YOUNG, ready: false }]]],
  ['that somebody closed', [[OLD, { ...YOUNG, closed: true }]]],
  ['that is Ready for two looks, and then is not', [[YOUNG], [YOUNG], [{ ...YOUNG, ready: false }]]],
])('a node %s does not count, and it is said how many do', async (_which, looks) => {
  expect((await waitingFor(...looks)).answer).toMatchObject({
    ready: false,
    awaited: 'Waiting for the nodes that take the place of others: 0 of 1 ready',
  });
});

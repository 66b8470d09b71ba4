/**
 * Nodes of a pool that are waited for: which of them count, when new ones are there, and what a look says that nobody waits for.
 */
import { describe, expect, test } from '@jest/globals';
import type { Readiness, Wanted } from '../../../activities/driver.ts';
import { nodesDriver } from '../../../activities/kubernetes/awaited-nodes.ts';
import { DRAIN_MARK } from '../../../api/names.ts';
import type { ResourceProperties } from '../../../kinds/resource.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';

type Seen = { readonly machine: string; readonly ready: boolean; readonly closed?: 'slipway' | 'others' };

const nodeOf = ({ machine, ready, closed }: Seen) => ({
  metadata: {
    name: `node-of-${machine}`,
    ...(closed === 'slipway' ? { annotations: { [DRAIN_MARK]: machine } } : {}),
  },
  spec: { providerID: `aws:///eu-west-1a/${machine}`, unschedulable: closed !== undefined },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

type Look = readonly Seen[] | 'silence' | Error;

const answered = (look: Look, signal: AbortSignal): Promise<readonly ReturnType<typeof nodeOf>[]> => {
  if (look === 'silence') {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }
  return look instanceof Error ? Promise.reject(look) : Promise.resolve(look.map(nodeOf));
};

type Waiting = Partial<ResourceProperties['nodes']> & { readonly waitedMs?: number };

/** What a wait answers whose looks see the nodes that are told for each; its group keeps four machines. */
const waiting = async ({ waitedMs = 0, ...properties }: Waiting, ...looks: readonly Look[]) => {
  let asked = 0;
  const client = {
    list: (_kind: unknown, _selection: unknown, { signal }: { readonly signal: AbortSignal }) => {
      asked += 1;
      return answered(looks[Math.min(asked, looks.length) - 1] ?? [], signal);
    },
  } as unknown as KubernetesClient;
  const wanted = {
    properties: { endpoint: 'balancer.elb', poolId: '1a2b3c4d', expected: 1, ...properties },
    ...{ object: { namespace: 'default' }, owner: { clusterId: 'gke-1' } },
    ...{ signal: new AbortController().signal, since: Date.now() - waitedMs },
  } as unknown as Wanted<'nodes'>;
  const sizeOf = (group: string) => Promise.resolve(group === 'gke-1-nodepool-1a2b3c4d' ? 4 : undefined);
  const driver = nodesDriver(() => Promise.resolve(client), sizeOf, { betweenLooks: 0, look: 20, silence: 60_000 });
  const answer: Readiness | undefined = await driver.check?.(wanted);
  return { answer, asked };
};

const OLD = { machine: 'i-01d', ready: true };
const YOUNG = { machine: 'i-0e3', ready: true };

describe('a wait for nodes', () => {
  test('ends at the first look at which so many are Ready, and says how many have been seen until then', async () => {
    expect(await waiting({ expected: 2 }, [OLD, YOUNG])).toEqual({
      answer: { ready: true, outputs: { ready: '2' } },
      asked: 1,
    });
    expect((await waiting({ expected: 2 }, [OLD])).answer).toMatchObject({
      ready: false,
      awaited: 'Waiting for nodes to join the cluster: 1 of 2 ready',
      soFar: { ready: '1' },
    });
  });

  test('goes on for as long as the cluster cannot be asked: nobody has seen them', async () => {
    await expect(waiting({ expected: 1, waitedMs: 3_600_000 }, new Error('no route to host'))).rejects.toThrow(
      'no route to host',
    );
  });

  test('does not count what is left of machines that have ended', async () => {
    expect((await waiting({ expected: 2, gone: ['i-01d'] }, [OLD, YOUNG])).answer).toMatchObject({
      ready: false,
      soFar: { ready: '1' },
    });
  });
});

describe('a wait for nodes that take the place of others', () => {
  const besides = ['i-01d'];

  test('ends once a new one is Ready in three looks in a row, and counts those that were there, too', async () => {
    expect(await waiting({ besides }, [OLD, YOUNG])).toEqual({
      answer: { ready: true, outputs: { ready: '2' } },
      asked: 3,
    });
  });

  test.each<[string, readonly (readonly Seen[])[]]>([
    ['that was there before', [[OLD]]],
    ['that is not Ready', [[OLD, { ...YOUNG, ready: false }]]],
    ['that somebody closed', [[OLD, { ...YOUNG, closed: 'others' }]]],
    ['that is Ready for two looks, and then is not', [[YOUNG], [YOUNG], [{ ...YOUNG, ready: false }]]],
  ])('a node %s does not count, and it is said how many do', async (_which, looks) => {
    expect((await waiting({ besides }, ...looks)).answer).toMatchObject({
      ready: false,
      awaited: 'Waiting for the nodes that take the place of others: 0 of 1 ready',
    });
  });
});

describe('a look for which no node has to be there', () => {
  const look = { expected: 0 };

  test('says how many are Ready and how many the group keeps, without what is left of machines that have ended', async () => {
    const nodes = [OLD, { ...YOUNG, ready: false }, { machine: 'i-0a1', ready: true }];
    expect(await waiting({ ...look, gone: ['i-01d'] }, nodes)).toEqual({
      answer: { ready: true, outputs: { ready: '1', desired: '4' } },
      asked: 1,
    });
  });

  test('does not count a node that Slipway has closed to go, and counts one that somebody else closed', async () => {
    const closed = [
      { ...OLD, closed: 'slipway' as const },
      { ...YOUNG, closed: 'others' as const },
    ];
    expect((await waiting(look, closed)).answer).toMatchObject({ outputs: { ready: '1' } });
  });

  test.each<[string, Look, string]>([
    ['refuses', new Error('etcdserver: request timed out'), 'etcdserver: request timed out'],
    ['keeps silent', 'silence', 'https://balancer.elb did not list its nodes within 0.02 s'],
  ])('is made again for a minute where the cluster %s, and then says why nobody counted', async (_, answer, why) => {
    expect((await waiting({ ...look, waitedMs: 59_000 }, answer)).answer).toEqual({
      ready: false,
      awaited: `Waiting to count the nodes of the pool: ${why}`,
      againInMs: 5_000,
    });
    expect((await waiting({ ...look, waitedMs: 61_000 }, answer)).answer).toEqual({
      ready: true,
      outputs: { desired: '4', unread: why },
    });
  });
});

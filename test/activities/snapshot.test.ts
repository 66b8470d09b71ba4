/** A snapshot as a step: one for one purpose, whoever dies meanwhile, and a sentence where there can be none. */
import { describe, expect, test } from '@jest/globals';
import { createBackups } from '../../activities/backups.ts';
import type { Wanted } from '../../activities/driver.ts';
import { snapshotDriver } from '../../activities/snapshot.ts';
import { verdictOf } from '../../activities/verdicts.ts';
import type { AWSCluster } from '../../api/cluster.ts';
import type { SnapshotProperties } from '../../kinds/snapshot.ts';
import type { Backup } from '../../policy/backups.ts';
import { UPGRADE_SNAPSHOT } from '../../words/keys.ts';
import {
  begunIn,
  begunText,
  ORDER_TAG,
  orderIn,
  orderText,
  REPORT_TAG,
  type Report,
  reportIn,
  reportText,
} from '../../words/orders.ts';
import { snapshotKey } from '../../words/snapshots.ts';
import { ACCOUNT, REGION, seedCluster } from '../topology/objects.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './aws/account.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const BEGAN = Date.parse('2026-11-30T19:45:00Z');
const UPGRADE: SnapshotProperties = { from: '1.36.3-gke.1', to: '1.37.2-gke.1', generation: 4 };

type Agent = 'takes' | 'fails' | 'is silent' | 'dies at it' | 'forgets to say';

/** An account whose replicas do with an order what `agents` says of each, at each look of theirs. */
const account = (agents: readonly Agent[], more: { readonly bucket?: false } = {}) => {
  const clock = { now: BEGAN };
  const tags = agents.map((): Record<string, string> => ({}));
  const kept: Backup[] = [];
  const does = [...agents];
  const given: string[] = [];
  let lost = 0;
  const cluster = {
    ...seedCluster(),
    status: { state: 'Provisioned', clusterID: CLUSTER_ID, aws: { account: ACCOUNT, region: REGION } },
  } as AWSCluster;
  const backups = createBackups({
    served: async () => ({ account: ACCOUNT, regions: [REGION] }),
    findCluster: async () => cluster,
    now: () => clock.now,
    ...(more.bucket === false ? {} : { bucket: { name: 'backups', read: async () => kept.toReversed() } }),
    orders: {
      volumes: async () =>
        tags.map((own, index) => ({ index, volumeId: `vol-${index}`, holder: `i-${index}`, tags: { ...own } })),
      give: async (volumeId, order) => {
        given.push(`${volumeId} ${order.token}`);
        const own = tags[Number(volumeId.at(-1))];
        if (own !== undefined) own[ORDER_TAG] = orderText(order);
        lost -= 1;
        if (lost === 0) throw new Error('the worker ended');
      },
      saidOf: async (volumeId, token) => {
        const text = tags[Number(volumeId.at(-1))]?.[REPORT_TAG];
        const report = reportIn(text);
        if (report?.token === token) return report;
        return begunIn(text) === token ? 'begun' : undefined;
      },
    },
  });

  /** As `agent/backup.ts`: the manifest is there before anything is said of it. */
  const keep = (token: string): string => {
    const key = snapshotKey(CLUSTER_ID, new Date(clock.now), `${kept.length + 1}`);
    kept.push({ key, time: new Date(clock.now).toISOString(), revision: '1', size: 7, sha256: 'ab', token });
    return key;
  };
  const reportOf = (agent: Agent, token: string): Report | undefined => {
    if (agent === 'fails') return { token, result: 'failed', why: 'AccessDenied' };
    if (agent !== 'takes' && agent !== 'forgets to say') return undefined;
    const says = keep(token);
    return agent === 'takes' ? { token, result: 'done', says } : undefined;
  };
  /** Every replica looks for orders once. */
  const look = (): void => {
    tags.forEach((own, index) => {
      const order = orderIn(own[ORDER_TAG]);
      const agent = does[index] ?? 'is silent';
      const said = own[REPORT_TAG] ?? '';
      if (order === undefined || said.startsWith(`${order.token} `) || agent === 'is silent') return;
      if (clock.now / SECOND > order.until) return;
      const report = reportOf(agent, order.token);
      own[REPORT_TAG] = report === undefined ? begunText(order.token) : reportText(report);
    });
  };

  const attempt = async (properties = UPGRADE, since = BEGAN): Promise<string> => {
    const wanted: Wanted<'snapshot'> = {
      ...{ kind: 'snapshot', key: UPGRADE_SNAPSHOT, properties, object: CLUSTER, owner: ownerOf(CLUSTER) },
      ...{ signal: new AbortController().signal, since, incarnation: 0 },
    };
    // As Temporal tries again: by a worker that remembers nothing.
    return snapshotDriver(backups)
      .create(wanted)
      .then(
        ({ outputs, change }) => `${change}: ${outputs.key}`,
        (error: unknown) => `${verdictOf(error).verdict}: ${verdictOf(error).message}`,
      );
  };
  /** Tries until the step ends or blocks, half a minute apart; what each try said. */
  const run = async (properties = UPGRADE, since = BEGAN): Promise<readonly string[]> => {
    const said: string[] = [];
    for (let tries = 0; tries < 500; tries += 1) {
      const one = await attempt(properties, since);
      if (said.at(-1) !== one) said.push(one);
      if (!/^(retry|bug): /.test(one)) return said;
      clock.now += 30 * SECOND;
      look();
    }
    throw new Error(`it never ends: ${said.join('\n')}`);
  };
  /** The worker ends just after the order of this number went out, counted from 1. */
  const endWorkerAfter = (order: number): void => {
    lost = order;
  };
  return { clock, does, given, kept, tags, look, attempt, run, endWorkerAfter };
};

const keyAt = (second: number): string => snapshotKey(CLUSTER_ID, new Date(BEGAN + second * SECOND), '1');

describe('the step that takes a snapshot', () => {
  test('asks one replica, says who is at it, and ends with the key in the bucket', async () => {
    const one = account(['takes', 'takes', 'takes']);
    expect(await one.run()).toEqual([
      'retry: Waiting for the agent of replica 0 on instance i-0 to take a snapshot: it has just been told.',
      `created: ${keyAt(30)}`,
    ]);
    expect(one.kept).toHaveLength(1);
    expect(one.given).toHaveLength(1);
  });

  test.each<[string, readonly Agent[], string]>([
    ['fails', ['fails', 'takes', 'takes'], 'vol-1'],
    ['never answers', ['is silent', 'takes', 'takes'], 'vol-1'],
    ['dies while it is at it', ['dies at it', 'fails', 'takes'], 'vol-2'],
  ])('goes on to the next replica where one %s', async (_, agents, last) => {
    const one = account(agents);
    expect((await one.run()).at(-1)).toMatch(/^created: /);
    expect(one.kept).toHaveLength(1);
    expect(one.given.at(-1)).toContain(last);
  });

  test('finds what an agent kept and could not say any more', async () => {
    const one = account(['forgets to say', 'takes', 'takes']);
    expect((await one.run()).at(-1)).toBe(`created: ${keyAt(30)}`);
    expect(one.kept).toHaveLength(1);
  });

  test.each([1, 2, 3])('makes one snapshot where its worker ends after order %i', async (order) => {
    const one = account(['fails', 'fails', 'takes']);
    one.endWorkerAfter(order);
    expect((await one.run()).at(-1)).toMatch(/^created: /);
    expect(one.kept).toHaveLength(1);
    expect(one.given).toHaveLength(3);
  });

  test('is the same snapshot asked again: by the same operation, and by one that follows it at once', async () => {
    const one = account(['takes', 'takes', 'takes']);
    await one.run();
    expect(await one.attempt()).toBe(`created: ${keyAt(30)}`);
    one.clock.now += 5 * MINUTE;
    expect(await one.attempt(UPGRADE, one.clock.now)).toBe(`unchanged: ${keyAt(30)}`);
    // Whoever told a replica something else since has no part in it.
    one.tags.forEach((own) => Object.assign(own, { [ORDER_TAG]: '', [REPORT_TAG]: '' }));
    expect(await one.attempt()).toBe(`created: ${keyAt(30)}`);
    expect(one.given).toHaveLength(1);
  });

  test('goes on with what the operation before it had asked for', async () => {
    const one = account(['dies at it', 'takes', 'takes']);
    await one.attempt();
    one.clock.now += 30 * SECOND;
    one.look();
    expect(await one.attempt(UPGRADE, one.clock.now)).toContain('takes the snapshot');
    expect(one.given).toHaveLength(1);
  });

  test.each<[string, SnapshotProperties]>([
    ['another version', { ...UPGRADE, to: '1.37.2-gke.2' }],
    ['the way back', { ...UPGRADE, from: UPGRADE.to, to: UPGRADE.from }],
    ['another generation of the spec', { ...UPGRADE, generation: 5 }],
  ])('is another snapshot for %s', async (_, properties) => {
    const one = account(['takes', 'takes', 'takes']);
    await one.run();
    expect((await one.run(properties)).at(-1)).toMatch(/^created: /);
    expect(one.kept).toHaveLength(2);
  });

  test('is another snapshot where the last one is of an upgrade that was begun long before', async () => {
    const one = account(['takes', 'takes', 'takes']);
    await one.run();
    one.clock.now += 24 * 60 * MINUTE;
    expect((await one.run(UPGRADE, one.clock.now)).at(-1)).toMatch(/^created: /);
    expect(one.kept).toHaveLength(2);
  });

  test('blocks once each replica has failed, with the reason of each, and ends once somebody has mended it', async () => {
    const one = account(['fails', 'fails', 'fails']);
    const said = await one.run();
    expect(said.at(-1)).toMatch(
      /^blocked: No replica of Cluster .* replica 0: AccessDenied\. replica 1: AccessDenied\. replica 2: AccessDenied\. Skip the step/,
    );
    expect(one.given).toHaveLength(4);
    expect((await one.run()).at(-1)).toMatch(/^blocked: /);
    expect(one.given).toHaveLength(7);
    one.does.fill('takes');
    expect((await one.run()).at(-1)).toMatch(/^created: /);
    expect(one.kept).toHaveLength(1);
  });

  test('never waits for ever where no agent answers', async () => {
    const one = account(['is silent', 'dies at it', 'is silent']);
    expect((await one.run()).at(-1)).toMatch(/^blocked: No replica .* did not answer within 180 s/);
    expect(one.clock.now - BEGAN).toBeLessThan(50 * MINUTE);
  });

  test('blocks where there is no bucket, with what to do about it, and tells nobody anything', async () => {
    const one = account(['takes', 'takes', 'takes'], { bucket: false });
    expect(await one.run()).toEqual([
      'blocked: There is nowhere to keep a snapshot: set SLIPWAY_BUCKET of the worker to the name of a bucket in its region, and start it again.',
    ]);
    expect(one.given).toEqual([]);
  });

  test('trusts no snapshot that is not whole', async () => {
    const one = account(['takes', 'takes', 'takes']);
    await one.attempt();
    one.clock.now += 30 * SECOND;
    one.look();
    const [backup] = one.kept;
    if (backup !== undefined) one.kept[0] = { ...backup, problem: 'it has 6 bytes, and 7 were sent' };
    expect((await one.run()).at(-1)).toMatch(/^created: /);
    expect(one.given).toHaveLength(2);
  });
});

/** A replica that is restored from a snapshot: what it fetches, what it keeps aside, when it is halted, and what it does after it died. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { S3 } from '../../agent/aws/s3.ts';
import { fetchSnapshot } from '../../agent/fetched-snapshot.ts';
import type { EndingProgram } from '../../agent/host.ts';
import { createRestoreOrders, HALTED_MILLIS } from '../../agent/restore-orders.ts';
import { restoreData } from '../../agent/restored-data.ts';
import { whileHalted } from '../../agent/restoring.ts';
import { begunIn, ORDER_TAG, orderText, REPORT_TAG, type RestoreOrder, reportIn } from '../../words/orders.ts';
import { replicaConfiguration } from '../machine/examples.ts';
import { waitFor } from '../support/wait.ts';
import { recordedLog } from './doubles.ts';

const CONTENT = 'what etcd held once';
const FROM = {
  ...{ id: '5e1f0c9a', bucket: 'backups', key: 'gke-0a1b2c3d/etcd/20261130T194500123Z-7.db' },
  sha256: createHash('sha256').update(CONTENT).digest('hex'),
};
const NOW = 1_764_480_000_000;
const UNTIL = NOW / 1_000 + 180;
const ORDER: RestoreOrder = { token: 'first', verb: 'halt', instanceId: 'i-me', until: UNTIL, from: FROM };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-restore-'));
});
afterEach(() => rm(folder, { recursive: true }));

const signal = (): AbortSignal => new AbortController().signal;
const textOf = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

/** A bucket with the snapshot, or with other content under its key. */
const bucket = (content = CONTENT) => {
  const reads: string[] = [];
  const s3 = async (): Promise<S3> => ({
    download: async ({ key }) => {
      reads.push(key);
      return { bytes: Readable.from([Buffer.from(content)]), size: content.length };
    },
    upload: () => Promise.reject(new Error('nobody writes here')),
    put: () => Promise.reject(new Error('nobody writes here')),
    keys: async () => [],
    close: () => undefined,
  });
  return { s3, reads };
};

const argumentOf = ({ arguments: given }: EndingProgram, name: string): string =>
  given.find((one) => one.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';

/** etcdutl, which puts what the snapshot holds into a data directory of its own. */
const host = (failing: { why?: string } = {}) => {
  const ran: EndingProgram[] = [];
  return {
    ran,
    runToEnd: async (program: EndingProgram): Promise<void> => {
      ran.push(program);
      if (failing.why !== undefined) throw new Error(failing.why);
      const target = argumentOf(program, 'data-dir');
      await mkdir(join(target, 'member'), { recursive: true });
      await writeFile(join(target, 'member/db'), await readFile(program.arguments[2] ?? '', 'utf8'));
    },
  };
};

const holds = async (content: string): Promise<void> => {
  await mkdir(join(folder, 'etcd/member'), { recursive: true });
  await writeFile(join(folder, 'etcd/member/db'), content);
};

const fetched = (s3 = bucket().s3): Promise<void> =>
  fetchSnapshot({ folder, s3, log: recordedLog().log }, FROM, signal());
const restored = (its: ReturnType<typeof host>): Promise<string | undefined> =>
  restoreData({ configuration: replicaConfiguration(), folder, host: its, log: recordedLog().log }, FROM);

describe('a snapshot that is fetched', () => {
  test('is whole where it is, private, and fetched once', async () => {
    const { s3, reads } = bucket();
    await fetched(s3);
    await fetched(s3);
    expect(reads).toEqual([FROM.key]);
    expect(await textOf('snapshot-5e1f0c9a.db')).toBe(CONTENT);
  });

  test('is none where its sum is another, and what was begun is gone', async () => {
    await expect(fetched(bucket('something else').s3)).rejects.toThrow(
      /has the sum .* it was changed since it was kept/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes the place of one that came to nothing', async () => {
    await writeFile(join(folder, 'snapshot-00000000.db'), 'of another restore');
    await writeFile(join(folder, 'snapshot-5e1f0c9a.db.part'), 'cut short');
    await fetched();
    expect(await readdir(folder)).toEqual(['snapshot-5e1f0c9a.db']);
  });
});

describe('etcd’s data', () => {
  test('are made of the snapshot for a new cluster, far ahead of all revisions, and what was there is kept', async () => {
    await holds('today');
    await fetched();
    const its = host();
    expect(await restored(its)).toBe(join(folder, 'etcd.before-5e1f0c9a'));
    expect(await textOf('etcd/member/db')).toBe(CONTENT);
    expect(await textOf('etcd.before-5e1f0c9a/member/db')).toBe('today');
    const [program] = its.ran;
    if (program === undefined) throw new Error('etcdutl did not run');
    expect(program).toMatchObject({ command: 'etcdutl', version: replicaConfiguration().versions.etcd });
    expect(argumentOf(program, 'initial-cluster-token')).toBe(`${replicaConfiguration().clusterId}-5e1f0c9a`);
    expect(argumentOf(program, 'bump-revision')).toBe('1000000000');
    expect(program.arguments).toContain('--mark-compacted');
    // Its file is used up.
    expect((await readdir(folder)).sort()).toEqual(['etcd', 'etcd.before-5e1f0c9a', 'restored']);
  });

  test('are made on a disk that held nothing, which keeps nothing aside', async () => {
    await fetched();
    expect(await restored(host())).toBeUndefined();
    expect((await readdir(folder)).sort()).toEqual(['etcd', 'restored']);
  });

  test('are made once: what was written since stays', async () => {
    await holds('today');
    await fetched();
    await restored(host());
    await holds('written since');
    const again = host();
    expect(await restored(again)).toBe(join(folder, 'etcd.before-5e1f0c9a'));
    expect(again.ran).toEqual([]);
    expect(await textOf('etcd/member/db')).toBe('written since');
  });

  test('stay as they were where the snapshot can’t be restored', async () => {
    await holds('today');
    await fetched();
    await expect(restored(host({ why: 'etcdutl snapshot restore failed: bad hash' }))).rejects.toThrow('bad hash');
    expect(await textOf('etcd/member/db')).toBe('today');
  });

  test.each([
    ['nothing had been moved', async () => mkdir(join(folder, 'etcd.new'))],
    ['what was there had been moved', async () => mkdir(join(folder, 'etcd.new')).then(() => moved())],
    ['the new data had been put in place', async () => moved().then(() => holds('half done'))],
  ])('are made by an agent that died when %s, and what was there before is kept all the same', async (_when, died) => {
    await holds('today');
    await fetched();
    await died();
    await restored(host());
    expect(await textOf('etcd/member/db')).toBe(CONTENT);
    expect(await textOf('etcd.before-5e1f0c9a/member/db')).toBe('today');
  });

  const moved = async (): Promise<void> => {
    await rm(join(folder, 'etcd'), { recursive: true });
    await mkdir(join(folder, 'etcd.before-5e1f0c9a/member'), { recursive: true });
    await writeFile(join(folder, 'etcd.before-5e1f0c9a/member/db'), 'today');
  };
});

/** A volume's tags, as a worker and the agent write them. */
const volume = (order?: RestoreOrder) => {
  const tags: Record<string, string> = order === undefined ? {} : { [ORDER_TAG]: orderText(order) };
  const ec2 = {
    volume: async (id: string) => ({ id, state: 'in-use', tags: { ...tags } }),
    tag: async (_id: string, more: Readonly<Record<string, string>>) => void Object.assign(tags, more),
  };
  return { tags, ec2, report: () => reportIn(tags[REPORT_TAG]) };
};

describe('an order of a restore', () => {
  const told = (order: RestoreOrder, now = NOW, fetch: () => Promise<void> = () => Promise.resolve()) => {
    const its = volume(order);
    const interrupted: string[] = [];
    const orders = createRestoreOrders({
      ...{ volumeId: 'vol-1', instanceId: 'i-me', ec2: its.ec2, log: recordedLog().log, fetch, now: () => now },
      interrupt: ({ verb }) => void interrupted.push(verb),
    });
    return { ...its, interrupted, heed: () => orders.heed({ ...its.tags }) };
  };

  test.each(['halt', 'restore'] as const)('to %s ends everything that runs', async (verb) => {
    const one = told({ ...ORDER, verb });
    await one.heed();
    expect(one.interrupted).toEqual([verb]);
  });

  test('to fetch is carried out beside all else, said when it begins, and what came of it', async () => {
    const ended = Promise.withResolvers<void>();
    const one = told({ ...ORDER, verb: 'fetch' }, NOW, () => ended.promise);
    await one.heed();
    expect(begunIn(one.tags[REPORT_TAG])).toBe('first');
    await one.heed();
    ended.reject(new Error('no such key'));
    const why = await waitFor('it is said', async () => one.report());
    expect(why).toEqual({ token: 'first', result: 'failed', why: 'no such key' });
    expect(one.interrupted).toEqual([]);
  });

  test('is left alone where it is another machine’s, or came too late', async () => {
    for (const one of [told({ ...ORDER, instanceId: 'i-other' }), told(ORDER, UNTIL * 1_000 + 1)]) {
      await one.heed();
      expect(one.interrupted).toEqual([]);
    }
  });

  test('that was carried out is not carried out again, but that an agent which begins anew is halted still', async () => {
    const one = told({ ...ORDER, verb: 'restore' });
    one.tags[REPORT_TAG] = 'first done';
    await one.heed();
    expect(one.interrupted).toEqual([]);
    const halted = told(ORDER);
    halted.tags[REPORT_TAG] = 'first done';
    await halted.heed();
    expect(halted.interrupted).toEqual(['halt']);
    const forgotten = told(ORDER, UNTIL * 1_000 + HALTED_MILLIS);
    forgotten.tags[REPORT_TAG] = 'first done';
    await forgotten.heed();
    expect(forgotten.interrupted).toEqual([]);
  });
});

describe('a replica that is halted', () => {
  const halted = (its: ReturnType<typeof volume>, now: () => number, program = host()) =>
    whileHalted(
      {
        ...{ configuration: replicaConfiguration(), folder, host: program, log: recordedLog().log, s3: bucket().s3 },
        ...{ volumeId: 'vol-1', instanceId: 'i-me', ec2: its.ec2, everyMillis: 1, now },
      },
      ORDER,
      signal(),
    );

  test('says so, stays so until it is told to restore, and then begins again with what the snapshot holds', async () => {
    await holds('today');
    const its = volume(ORDER);
    const over = halted(its, () => NOW);
    await waitFor('it says so', async () => (its.report()?.token === 'first' ? true : undefined));
    its.tags[ORDER_TAG] = orderText({ ...ORDER, token: 'second', verb: 'restore' });
    await over;
    expect(its.report()).toMatchObject({ token: 'second', result: 'done' });
    expect(await textOf('etcd/member/db')).toBe(CONTENT);
  });

  test('begins again as it was where nobody says anything for long', async () => {
    await holds('today');
    const its = volume(ORDER);
    let now = NOW;
    const over = halted(its, () => now);
    await waitFor('it says so', async () => (its.report()?.token === 'first' ? true : undefined));
    now = UNTIL * 1_000 + HALTED_MILLIS;
    await over;
    expect(await textOf('etcd/member/db')).toBe('today');
  });

  test('stays halted where the restore fails, says why, and does it when it is told once more', async () => {
    const failing: { why?: string } = { why: 'no space left' };
    const its = volume(ORDER);
    const over = halted(its, () => NOW, host(failing));
    await waitFor('it says so', async () => (its.report()?.token === 'first' ? true : undefined));
    its.tags[ORDER_TAG] = orderText({ ...ORDER, token: 'second', verb: 'restore' });
    await waitFor('it fails', async () => (its.report()?.result === 'failed' ? true : undefined));
    expect(its.report()).toMatchObject({ token: 'second', why: expect.stringContaining('no space left') });
    delete failing.why;
    its.tags[ORDER_TAG] = orderText({ ...ORDER, token: 'third', verb: 'restore' });
    await over;
    expect(its.report()).toMatchObject({ token: 'third', result: 'done' });
  });
});

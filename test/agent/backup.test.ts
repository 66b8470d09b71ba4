/** What an agent keeps: a snapshot first, and its manifest only when all of it is there. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { S3 } from '../../agent/aws/s3.ts';
import { backUp } from '../../agent/backup.ts';
import { checkedSnapshot, type OwnEtcd } from '../../agent/snapshot.ts';
import { manifestIn, snapshotNamed } from '../../words/snapshots.ts';
import { CLUSTER, recordedLog } from './doubles.ts';

const CONTENT = Buffer.from('what etcd holds');
const SUM = createHash('sha256').update(CONTENT).digest();
const VERSIONS = { kubernetes: '1.36.3', etcd: '3.6.16', cloudController: '1.36.0' };

async function* lines(blob: Buffer): AsyncGenerator<string> {
  yield JSON.stringify({ result: { blob: blob.toString('base64') } });
}

const etcd = (more: { readonly unfit?: string; readonly blob?: Buffer } = {}): OwnEtcd => ({
  status: async () => ({
    ...{ version: '3.6.16', revision: '4711', leads: false },
    ...(more.unfit === undefined ? {} : { unfit: more.unfit }),
  }),
  snapshot: async () => checkedSnapshot(lines(more.blob ?? Buffer.concat([CONTENT, SUM]))),
});

/** A bucket that takes what is sent to its end. */
const bucket = (failing?: string) => {
  const objects = new Map<string, Buffer>();
  const keys: string[] = [];
  const s3: S3 = {
    upload: async ({ key }, { bytes, kmsKeyArn }) => {
      keys.push(kmsKeyArn);
      const parts: Uint8Array[] = [];
      for await (const part of bytes) parts.push(part);
      if (failing !== undefined) throw new Error(failing);
      objects.set(key, Buffer.concat(parts));
      return { etag: '"e"' };
    },
    download: () => Promise.reject(new Error('nobody reads here')),
    put: async ({ key }, text) => void objects.set(key, Buffer.from(text)),
    keys: async () => [],
    close: () => void keys.push('closed'),
  };
  return { s3, objects, keys };
};

const run = ({ s3 }: ReturnType<typeof bucket>, from: OwnEtcd): Promise<string> =>
  backUp(
    {
      configuration: { clusterId: CLUSTER, kmsKeyArn: 'arn:key', versions: VERSIONS },
      etcd: from,
      s3: async () => s3,
      log: recordedLog().log,
      now: () => Date.parse('2026-11-30T19:45:00.123Z'),
    },
    { bucket: 'backups', token: '3f9c' },
    new AbortController().signal,
  );

describe('an agent that keeps a snapshot', () => {
  test("writes it under its cluster's own key, and beside it what it is", async () => {
    const kept = bucket();
    const key = await run(kept, etcd());
    expect(key).toBe(`${CLUSTER}/etcd/20261130T194500123Z-4711.db`);
    const whole = Buffer.concat([CONTENT, SUM]);
    expect([...kept.objects.keys()]).toEqual([key, key.replace('.db', '.json')]);
    expect(kept.objects.get(key)?.equals(whole)).toBe(true);
    expect(manifestIn(kept.objects.get(key.replace('.db', '.json'))?.toString() ?? '')).toEqual({
      ...{ key, size: whole.length, sha256: createHash('sha256').update(whole).digest('hex'), etag: '"e"' },
      ...{ revision: '4711', etcd: '3.6.16', kubernetes: '1.36.3', token: '3f9c' },
    });
    expect(kept.keys).toEqual(['arn:key', 'closed']);
  });

  test.each<[string, OwnEtcd, string | undefined, string]>([
    ['what etcd sent is not whole', etcd({ blob: Buffer.concat([CONTENT, CONTENT, SUM]) }), undefined, 'is not whole'],
    ['S3 did not take all of it', etcd(), 'EntityTooSmall', 'EntityTooSmall'],
    ['its member may not speak for the cluster', etcd({ unfit: 'it is a learner' }), undefined, 'another replica'],
  ])('leaves nothing that looks like one where %s', async (_, from, failing, why) => {
    const kept = bucket(failing);
    await expect(run(kept, from)).rejects.toThrow(why);
    expect([...kept.objects.keys()].filter((key) => snapshotNamed(key) !== undefined)).toEqual([]);
  });
});

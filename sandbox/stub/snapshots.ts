/**
 * Snapshots: what a stub replica sends to a bucket when it is told to take a snapshot.
 *
 * Owns: the etcd that it plays for that. Neighbours: the agent's own code reads it, checks it, sends it and says so (`agent/backup.ts`,
 * `agent/snapshot-orders.ts`); `clusters.ts` has the memory. Limits: there is no database behind it. What is kept is the text below,
 * with a checksum as etcd's has one, and nothing could be restored from it.
 */
import { createHash } from 'node:crypto';
import { checkedSnapshot, type OwnEtcd } from '../../agent/snapshot.ts';
import type { StubCluster } from './clusters.ts';

/** As etcd's gateway has it: a JSON document a line. */
async function* gatewayLines(content: Buffer): AsyncGenerator<string> {
  const sum = createHash('sha256').update(content).digest();
  for (const part of [content, sum]) yield JSON.stringify({ result: { blob: part.toString('base64') } });
}

/** `version` of its etcd, without a leading v. The replica of the lowest index that runs leads. */
export const playedEtcd = (cluster: StubCluster, index: number, version: string): OwnEtcd => ({
  status: () =>
    Promise.resolve({
      version,
      revision: '1',
      leads: Math.min(...cluster.replicas.keys()) === index,
      ...(cluster.hasQuorum() ? {} : { unfit: 'its etcd follows no leader' }),
    }),
  snapshot: () =>
    Promise.resolve(checkedSnapshot(gatewayLines(Buffer.from(`snapshot of stub cluster ${cluster.id}\n`)))),
});

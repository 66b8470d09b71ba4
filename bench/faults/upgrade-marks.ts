/**
 * Upgrade marks: what the etcd volumes of a cluster say of an upgrade, as AWS has it.
 *
 * Owns: reading it from the account's rows, and taking it away, so that one case begins as the first did. Neighbours: `upgrades.ts` and
 * `replica-watch.ts` judge by it.
 */
import { DeleteTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { KEY_TAG } from '../../api/names.ts';
import { AWS_CREDENTIALS, REGION } from '../../sandbox/layout.ts';
import { EMULATES_TAG } from '../../words/emulation.ts';
import { etcdVolumeKey } from '../../words/keys.ts';
import { ownedAs, type Row } from './rows.ts';

export type Marks = { readonly index: number; readonly id: string; readonly tags: Readonly<Record<string, string>> };

const REPLICAS = [0, 1, 2];

export const marksOf = (rows: readonly Row[], clusterId: string): readonly Marks[] =>
  rows.flatMap((row) => {
    if (row.kind !== 'volume' || ownedAs(row)?.clusterId !== clusterId) return [];
    const tags = (row.detail['tags'] ?? {}) as Readonly<Record<string, string>>;
    const index = REPLICAS.find((one) => tags[KEY_TAG] === etcdVolumeKey(one));
    return index === undefined ? [] : [{ index, id: row.id, tags }];
  });

/** After the way back nothing is emulated, and a volume may say so for ever; the next case has it said anew. */
export const unmark = async (endpoint: string, marks: readonly Marks[]): Promise<void> => {
  const client = new EC2Client({ region: REGION, endpoint, credentials: AWS_CREDENTIALS });
  try {
    await client.send(new DeleteTagsCommand({ Resources: marks.map(({ id }) => id), Tags: [{ Key: EMULATES_TAG }] }));
  } finally {
    client.destroy();
  }
};

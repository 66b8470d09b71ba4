/**
 * Restore mark: the tag of etcd volumes by which a restore that is done is known as done.
 *
 * Owns: writing it on all of them. Neighbours: `words/restore.ts` spells the tag; `etcd-volume.ts` gives it to a new disk; `policy/restore.ts` reads it.
 * Invariants: I2 (written twice is the same), I5 (it is written last: until then the same request goes on with what it began).
 */
import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { RESTORED_TAG } from '../../words/restore.ts';
import type { Candidate, ResourceDriver } from '../driver.ts';
import type { AwsClients } from './clients.ts';

export const restoreMarkDriver = ({ ec2 }: Pick<AwsClients, 'ec2'>): ResourceDriver<'restore-mark'> => ({
  kind: 'restore-mark',
  candidates: (): Promise<readonly Candidate<'restore-mark'>[]> => Promise.resolve([]),
  create: async ({ properties: { id, volumeIds } }) => {
    await ec2.send(new CreateTagsCommand({ Resources: [...volumeIds], Tags: [{ Key: RESTORED_TAG, Value: id }] }));
    return { outputs: {} };
  },
  update: () => Promise.resolve({ outputs: {} }),
  remove: () => Promise.resolve(),
});

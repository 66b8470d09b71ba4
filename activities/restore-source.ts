/**
 * Restore source: the snapshot that a restore begins with, as its bucket has it.
 *
 * Owns: refusing what can't be restored while everything still runs. Neighbours:
 * `backups.ts` lists snapshots, `policy/restorable.ts` judges them; `aws/restore-order.ts` hands what this yields to the agents. Invariants: I12.
 */
import { judgeKey } from '../policy/restorable.ts';
import { ended } from '../words/text.ts';
import type { createBackups } from './backups.ts';
import type { Candidate, Made, ResourceDriver, Wanted } from './driver.ts';
import { blockedError } from './verdicts.ts';

type Backups = Pick<ReturnType<typeof createBackups>, 'listBackups'>;

export const restoreSourceDriver = (backups: Backups): ResourceDriver<'restore-source'> => {
  const create = async ({ object, properties, signal }: Wanted<'restore-source'>): Promise<Made> => {
    const { key, etcd, kubernetes } = properties;
    const { bucket, backups: all } = await backups.listBackups(object, signal);
    const judged = judgeKey(key, all, { etcd, kubernetes });
    if ('why' in judged) {
      throw blockedError(
        `Snapshot ${key} in bucket ${bucket} can't be restored: ${ended(judged.why)} Nothing was changed; abort, and ask for another one.`,
      );
    }
    return { outputs: { bucket, sha256: judged.restorable.sha256 }, change: 'unchanged' };
  };
  return {
    kind: 'restore-source',
    // Whether it is there is looked at by `create`, each time.
    candidates: (): Promise<readonly Candidate<'restore-source'>[]> => Promise.resolve([]),
    create,
    update: () => Promise.resolve({ outputs: {} }),
    remove: () => Promise.resolve(),
  };
};

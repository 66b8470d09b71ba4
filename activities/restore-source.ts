/**
 * Restore source: the snapshot that a restore begins with, as its bucket has it.
 *
 * Owns: refusing what is not whole, or was kept by programs newer than those that are to read it, while everything still runs. Neighbours:
 * `backups.ts` lists and judges snapshots; `aws/restore-order.ts` hands what this yields to the agents. Invariants: I12.
 */
import { compareMinors, minorOfVersion } from '../api/minor.ts';
import { ended } from '../words/text.ts';
import type { createBackups } from './backups.ts';
import type { Candidate, Made, ResourceDriver, Wanted } from './driver.ts';
import { blockedError } from './verdicts.ts';

type Backups = Pick<ReturnType<typeof createBackups>, 'listBackups'>;

/** Why what runs can't read it. */
const tooNew = (name: string, kept: string | undefined, runs: string): string | undefined => {
  const [then, now] = [minorOfVersion(kept ?? ''), minorOfVersion(runs)];
  if (then === undefined || now === undefined || compareMinors(then, now) <= 0) return undefined;
  return `it was kept by ${name} ${kept}, and the cluster runs ${runs}, which may not understand all of it`;
};

export const restoreSourceDriver = (backups: Backups): ResourceDriver<'restore-source'> => {
  const create = async ({ object, properties, signal }: Wanted<'restore-source'>): Promise<Made> => {
    const { key, etcd, kubernetes } = properties;
    const { bucket, backups: all } = await backups.listBackups(object, signal);
    const found = all.find((one) => one.key === key);
    const why =
      found === undefined
        ? 'the bucket does not list it'
        : (found.problem ?? tooNew('etcd', found.etcd, etcd) ?? tooNew('Kubernetes', found.kubernetes, kubernetes));
    if (found?.sha256 === undefined || why !== undefined) {
      throw blockedError(
        `Snapshot ${key} in bucket ${bucket} can't be restored: ${ended(why ?? 'its sum is unknown')} Nothing was changed; abort, and ask for another one.`,
      );
    }
    return { outputs: { bucket, sha256: found.sha256 }, change: 'unchanged' };
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

/**
 * Snapshot: a snapshot of a cluster's etcd as a step of an operation.
 *
 * Owns: that one step ends with one snapshot, whoever dies meanwhile: each try first looks into the bucket and at what replicas were
 * told. Neighbours: `backups.ts` asks and looks, for this as for a person; `policy/asked-snapshot.ts` reads back what was asked.
 * Invariants: I2, I5 (reads and orders only; every replica goes on serving), I9 (each try says who is asked, or why nobody can).
 */
import { createHash } from 'node:crypto';
import { answerTo, type Question } from '../policy/asked-snapshot.ts';
import type { Failed } from '../policy/backup-replica.ts';
import type { Backup } from '../policy/backups.ts';
import type { createBackups } from './backups.ts';
import type { Candidate, Made, ResourceDriver, Wanted } from './driver.ts';
import { blockedError, notYet } from './verdicts.ts';

type Backups = Pick<ReturnType<typeof createBackups>, 'listBackups' | 'roundOf' | 'ask' | 'awaitBackup'>;

/** An operation whose plan was out of date is followed by another: what was taken for the first is not taken anew. */
const JUST_MADE_MS = 15 * 60_000;
const AGAIN_MS = 2_000;
const NAME_LENGTH = 12;

const questionOf = ({ owner, key, properties, since }: Wanted<'snapshot'>): Question => {
  const { from, to, generation } = properties;
  const name = createHash('sha256').update([owner.uid, key, from, to, generation].join('\0')).digest('hex');
  return { name: name.slice(0, NAME_LENGTH), since: since - JUST_MADE_MS };
};

/** What was there before the step began is not its own. */
const madeBy = ({ since }: Wanted<'snapshot'>, { key, time }: Backup): Made => ({
  outputs: { key },
  change: Date.parse(time) < since ? 'unchanged' : 'created',
});

export const snapshotDriver = (backups: Backups): ResourceDriver<'snapshot'> => {
  const askNext = async (wanted: Wanted<'snapshot'>, token: string, failed: readonly Failed[]): Promise<string> => {
    const choice = await backups.ask({ object: wanted.object, token, failed }, wanted.signal);
    if (choice.kind === 'none') return choice.says;
    const { index, instanceId } = choice.told;
    throw notYet(
      `Waiting for the agent of replica ${index} on instance ${instanceId} to take a snapshot: it has just been told.`,
      AGAIN_MS,
    );
  };

  const create = async (wanted: Wanted<'snapshot'>): Promise<Made> => {
    const { object, signal } = wanted;
    const question = questionOf(wanted);
    const made = answerTo((await backups.listBackups(object, signal)).backups, question);
    if (made !== undefined) return madeBy(wanted, made);
    const round = await backups.roundOf(object, question, signal);
    const failed: Failed[] = [];
    for (const told of round.told) {
      // Throws while the replica is at it.
      const outcome = await backups.awaitBackup({ object, told }, signal);
      if (outcome.kind === 'done') return madeBy(wanted, outcome.backup);
      failed.push({ index: told.index, why: outcome.why });
    }
    const why = await askNext(wanted, round.token, failed);
    // Asked once more before it is said: a person who mends what is wrong needn't ask for it.
    if (failed.length > 0) await backups.ask({ object, token: round.next, failed: [] }, signal);
    throw blockedError(
      `${why} Skip the step to go on without a snapshot: there is no way back to what etcd holds now.`,
    );
  };

  return {
    kind: 'snapshot',
    // Whether it is there is looked at by `create`, each time.
    candidates: (): Promise<readonly Candidate<'snapshot'>[]> => Promise.resolve([]),
    create,
    update: () => Promise.resolve({ outputs: {} }),
    /** A snapshot is kept for the day on which it is needed. */
    remove: () => Promise.resolve(),
  };
};

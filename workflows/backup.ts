/**
 * A backup that a person asked for: a short workflow, which asks one replica after the other until one has taken a snapshot.
 *
 * Owns: who is asked next, and what is said of it meanwhile. Neighbours: `activities/backups.ts` asks and looks, `words/orders.ts` has
 * what is said to an agent. Invariants: I9, I10 (tokens are the workflow's own random numbers).
 */
import { setCurrentDetails, setHandler, uuid4 } from '@temporalio/workflow';
import type { Backup, Failed, ObjectRef } from '../activities/contract.ts';
import { awaitBackup, orderBackup } from './activities.ts';
import { getBackupProgress } from './messages.ts';

/** As long as an order's token of a step. */
const TOKEN_LENGTH = 12;

export const runBackup = async (object: ObjectRef): Promise<Backup> => {
  const said: string[] = [];
  setHandler(getBackupProgress, () => said, { description: 'What was done so far, as sentences' });
  const say = (sentence: string): void => {
    said.push(sentence);
    setCurrentDetails(said.join('\n\n'));
  };
  const failed: Failed[] = [];
  for (;;) {
    const token = uuid4().replaceAll('-', '').slice(0, TOKEN_LENGTH);
    // Once no replica is left, this fails with what each of them said.
    const told = await orderBackup({ object, token, failed });
    say(`Replica ${told.index} (instance ${told.instanceId}) is asked for a snapshot: its agent looks twice a minute.`);
    const outcome = await awaitBackup({ object, told });
    if (outcome.kind === 'done') {
      say(`Snapshot ${outcome.backup.key} is kept and checked.`);
      return outcome.backup;
    }
    say(`Replica ${told.index} took none: ${outcome.why}`);
    failed.push({ index: told.index, why: outcome.why });
  }
};

/**
 * Restoring: a replica whose programs have all ended, because somebody restores its cluster from a snapshot.
 *
 * Owns: staying halted until it is told what comes next, or nobody has said anything for so long that whoever halted it must have died;
 * and making etcd's data anew. Neighbours: `replica.ts` ended the programs, and starts them afterwards; `restore-orders.ts` says what an
 * order is; `restored-data.ts` makes the data. Invariants: I2, I5 (members of the old cluster and of the new never have quorum both: each of three is in one of
 * them), I9, I11 (a replica that nobody restores comes back as it was).
 */
import { wholeMessageOf } from '../words/failure.ts';
import { REPORT_TAG, type Report, type RestoreOrder, reportText } from '../words/orders.ts';
import { present } from '../words/present.ts';
import type { Ec2 } from './aws/ec2.ts';
import { type Fetching, fetchSnapshot } from './fetched-snapshot.ts';
import { done, pause, persist } from './persist.ts';
import { restoreOrderIn, staysHalted } from './restore-orders.ts';
import { type Restoring, restoreData } from './restored-data.ts';

export type HaltedReplica = Fetching &
  Restoring & {
    readonly volumeId: string;
    readonly instanceId: string;
    readonly ec2: Pick<Ec2, 'volume' | 'tag'>;
    /** Between two looks, in milliseconds. */
    readonly everyMillis: number;
    /** Epoch milliseconds. */
    readonly now?: () => number;
  };

/** While nothing serves, everybody waits for it. */
export const HALTED_LOOK_MILLIS = 3_000;
const PACE = { firstMillis: 500, maxMillis: 5_000 };

const report = ({ ec2, volumeId, log }: HaltedReplica, said: Report, signal: AbortSignal): Promise<void> =>
  persist({
    what: 'Reporting',
    log,
    signal,
    pace: PACE,
    attempt: async () => {
      await ec2.tag(volumeId, { [REPORT_TAG]: reportText(said) });
      return done(undefined);
    },
  });

/** One look: the order to carry out by now, if there is one that nobody has. */
const orderNow = async ({
  volumeId,
  instanceId,
  ec2,
  log,
  now = Date.now,
}: HaltedReplica): Promise<RestoreOrder | undefined> => {
  try {
    const found = restoreOrderIn((await ec2.volume(volumeId))?.tags, instanceId);
    return found === undefined || found.reported || now() / 1_000 > found.order.until ? undefined : found.order;
  } catch (thrown) {
    log.warn(`Orders could not be read while the replica is halted: ${wholeMessageOf(thrown)}`);
    return undefined;
  }
};

/** Resolves with the order to restore, or with nothing once it has been halted for too long. */
const untilNext = async (
  replica: HaltedReplica,
  halted: RestoreOrder,
  signal: AbortSignal,
): Promise<RestoreOrder | undefined> => {
  const { everyMillis, log, now = Date.now } = replica;
  let last = halted;
  for (;;) {
    await pause(everyMillis, signal);
    const order = await orderNow(replica);
    if (order?.verb === 'restore') return order;
    if (order !== undefined) {
      // Told once more: it is halted, and fetches when it begins to restore.
      await report(replica, { token: order.token, result: 'done' }, signal);
      last = order;
    }
    if (!staysHalted(last, now())) {
      log.warn('Nobody has restored anything since the replica was told to halt: it begins again with what it has');
      return undefined;
    }
  }
};

/** What came of it is reported; undefined where the replica may begin again. */
const restore = async (
  replica: HaltedReplica,
  order: RestoreOrder,
  signal: AbortSignal,
): Promise<RestoreOrder | undefined> => {
  const { token, from } = order;
  replica.log.info('The replica is told to restore a snapshot', { token, key: from.key });
  try {
    await fetchSnapshot(replica, from, signal);
    const aside = await restoreData(replica, from);
    await report(replica, { token, result: 'done', ...present({ says: aside }) }, signal);
    return undefined;
  } catch (thrown) {
    signal.throwIfAborted();
    const why = wholeMessageOf(thrown);
    replica.log.error(`The snapshot could not be restored: ${why}`, { token });
    await report(replica, { token, result: 'failed', why }, signal);
    return order;
  }
};

/** Nothing runs. Resolves once everything may start again. */
export const whileHalted = async (replica: HaltedReplica, told: RestoreOrder, signal: AbortSignal): Promise<void> => {
  for (let order: RestoreOrder | undefined = told; order !== undefined; ) {
    if (order.verb === 'restore') {
      order = await restore(replica, order, signal);
      if (order === undefined) return;
    } else {
      replica.log.info('The replica is halted', { token: order.token });
      await report(replica, { token: order.token, result: 'done' }, signal);
    }
    order = await untilNext(replica, order, signal);
  }
};

/**
 * Snapshot orders: what a replica that is told to take a snapshot does about it, beside all else that it is told.
 *
 * Owns: that one is under way at a time, that it is said when it begins and what came of it. It takes as long as there is data, so
 * nothing waits for it. Neighbours: `orders.ts` looks for orders, `backup.ts` takes the snapshot, `words/orders.ts` spells what is said.
 * Invariants: I2 (what could be said to have begun is done once), I9.
 */
import { wholeMessageOf } from '../words/failure.ts';
import { begunText, type Order, REPORT_TAG, type Report, reportText } from '../words/orders.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { Asked } from './backup.ts';
import type { Log } from './log.ts';

export type SnapshotOrders = {
  /** Begins it. False where another is under way: it is to be asked again. */
  readonly begin: (order: Order) => Promise<boolean>;
  /** Does what nobody ordered, unless a snapshot is under way; whether it began. */
  readonly alone: (run: () => Promise<void>) => boolean;
  /** Says what EC2 has not taken yet. */
  readonly tell: () => Promise<void>;
};

type Told = {
  readonly volumeId: string;
  readonly ec2: Pick<Ec2, 'tag'>;
  /** Keeps a snapshot in a bucket; resolves with its key. */
  readonly backUp: (asked: Asked) => Promise<string>;
  readonly log: Log;
};

export const createSnapshotOrders = ({ volumeId, ec2, backUp, log }: Told): SnapshotOrders => {
  const state: { busy: boolean; unsaid?: Report } = { busy: false };

  const taken = async ({ token, bucket = '' }: Order): Promise<Report> => {
    log.info('The replica is told to take a snapshot', { token, bucket });
    try {
      return { token, result: 'done', says: await backUp({ bucket, token }) };
    } catch (thrown) {
      const why = wholeMessageOf(thrown);
      log.error(`The snapshot could not be taken: ${why}`, { token, bucket });
      return { token, result: 'failed', why };
    }
  };

  const tell = async (): Promise<void> => {
    const { unsaid } = state;
    if (unsaid === undefined) return;
    await ec2.tag(volumeId, { [REPORT_TAG]: reportText(unsaid) });
    if (state.unsaid === unsaid) delete state.unsaid;
  };

  return {
    tell,
    alone: (run) => {
      if (state.busy) return false;
      state.busy = true;
      void run().finally(() => {
        state.busy = false;
      });
      return true;
    },
    begin: async (order) => {
      if (state.busy) return false;
      state.busy = true;
      try {
        await ec2.tag(volumeId, { [REPORT_TAG]: begunText(order.token) });
      } catch (thrown) {
        state.busy = false;
        throw thrown;
      }
      void taken(order)
        .then((report) => {
          state.unsaid = report;
          state.busy = false;
          return tell();
        })
        .catch((thrown: unknown) => log.warn(`What came of the snapshot is said later: ${wholeMessageOf(thrown)}`));
      return true;
    },
  };
};

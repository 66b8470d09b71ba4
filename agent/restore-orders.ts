/**
 * Restore orders: what a replica that is to hold what a snapshot does is told, whatever it runs at that moment.
 *
 * Owns: which of these orders is acted on: a snapshot is fetched beside all else, and what needs everything to end is handed to whoever
 * can end it. Neighbours: `restoring.ts` is a replica whose programs have ended for that; `orders.ts` looks for orders while the replica
 * serves, `replica.ts` while it doesn't; `words/orders.ts` spells them.
 * Invariants: I2 (what is reported is not done again), I9 (that it fetches, and what came of it, is said at once).
 */
import { wholeMessageOf } from '../words/failure.ts';
import {
  begunText,
  isRestoreOrder,
  ORDER_TAG,
  orderIn,
  REPORT_TAG,
  type Report,
  type RestoredFrom,
  type RestoreOrder,
  reportIn,
  reportText,
} from '../words/orders.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { VolumeTags } from './emulation.ts';
import type { Log } from './log.ts';

/** How long a replica stays halted after an order could still be begun: whoever gave it goes on within minutes, or has died. */
export const HALTED_MILLIS = 15 * 60_000;

export type RestoreOrders = {
  /** What the tags say to do by now. */
  readonly heed: (tags: VolumeTags) => Promise<void>;
};

export type Ordered = {
  readonly volumeId: string;
  readonly instanceId: string;
  readonly ec2: Pick<Ec2, 'tag'>;
  readonly fetch: (from: RestoredFrom) => Promise<void>;
  /** Ends everything that runs, and has the order carried out then. */
  readonly interrupt: (order: RestoreOrder) => void;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** The order that concerns this machine, and whether it was reported. */
export const restoreOrderIn = (
  tags: VolumeTags,
  instanceId: string,
): { readonly order: RestoreOrder; readonly reported: boolean } | undefined => {
  const order = orderIn(tags?.[ORDER_TAG]);
  if (order === undefined || !isRestoreOrder(order) || order.instanceId !== instanceId) return undefined;
  return { order, reported: reportIn(tags?.[REPORT_TAG])?.token === order.token };
};

/** Whether one that was told to halt is still to be halted. */
export const staysHalted = ({ until }: RestoreOrder, now: number): boolean => now < until * 1_000 + HALTED_MILLIS;

/** Fetches one snapshot at a time, and says what came of it; what EC2 does not take is said with the next look. */
const fetcher = ({ volumeId, ec2, fetch, log }: Ordered) => {
  const state: { token?: string; unsaid?: Report } = {};

  const fetched = async ({ token, from }: RestoreOrder): Promise<Report> => {
    try {
      await fetch(from);
      return { token, result: 'done' };
    } catch (thrown) {
      const why = wholeMessageOf(thrown);
      log.error(`The snapshot could not be fetched: ${why}`, { token, key: from.key });
      return { token, result: 'failed', why };
    }
  };

  const tell = async (): Promise<void> => {
    const { unsaid } = state;
    if (unsaid === undefined) return;
    await ec2.tag(volumeId, { [REPORT_TAG]: reportText(unsaid) });
    delete state.unsaid;
    delete state.token;
  };

  const begin = async (order: RestoreOrder): Promise<void> => {
    if (state.token !== undefined) return;
    log.info('The replica is told to fetch a snapshot', { token: order.token, key: order.from.key });
    await ec2.tag(volumeId, { [REPORT_TAG]: begunText(order.token) });
    state.token = order.token;
    void fetched(order)
      .then((report) => {
        state.unsaid = report;
        return tell();
      })
      .catch((thrown: unknown) => log.warn(`What came of the snapshot is said later: ${wholeMessageOf(thrown)}`));
  };

  return { begin, tell };
};

export const createRestoreOrders = (ordered: Ordered): RestoreOrders => {
  const { instanceId, interrupt, log, now = Date.now } = ordered;
  const { begin, tell } = fetcher(ordered);
  const late = new Set<string>();
  return {
    heed: async (tags) => {
      await tell();
      const found = restoreOrderIn(tags, instanceId);
      if (found === undefined) return;
      const { order, reported } = found;
      // An agent that was halted, and began anew: it is so still.
      if (reported && order.verb === 'halt' && staysHalted(order, now())) return interrupt(order);
      if (reported) return;
      if (now() / 1_000 > order.until) {
        if (!late.has(order.token))
          log.warn(`An order to ${order.verb} came too late, and is left alone`, { token: order.token });
        late.add(order.token);
        return;
      }
      if (order.verb === 'fetch') await begin(order);
      else interrupt(order);
    },
  };
};

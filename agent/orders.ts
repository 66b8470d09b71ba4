/**
 * Orders: what a worker tells this replica to do, read from the tag of its volume, done, and reported in another tag.
 *
 * Owns: looking, acting once, reporting, and coming back where nobody ends a machine that has left. Neighbours: `words/orders.ts`
 * spells the tags; `components.ts` stops and starts what serves; `activities/aws/order.ts` is at the other end.
 * Invariants: I2 (what is reported is not done again; an order for another machine or another time is none), I9, I11 (without
 * orders a replica lives as it is).
 */

import { wholeMessageOf } from '../words/failure.ts';
import { ORDER_TAG, type Order, orderIn, REPORT_TAG, type Report, reportIn, reportText } from '../words/orders.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { Log } from './log.ts';
import { pause } from './persist.ts';
import type { SnapshotOrders } from './snapshot-orders.ts';

/** What a replica does that is ordered. etcd goes on all the while. */
export type Serving = {
  /** Resolves once nothing serves any more, in order. */
  readonly leave: () => Promise<void>;
  /** Resolves once everything serves again. */
  readonly serve: () => Promise<void>;
};

export type OrderedReplica = {
  readonly volumeId: string;
  readonly instanceId: string;
  readonly ec2: Pick<Ec2, 'volume' | 'tag'>;
  readonly serving: Serving;
  readonly snapshots: SnapshotOrders;
  readonly log: Log;
  readonly everyMillis: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** How often orders are looked for: a person hardly waits longer, and EC2 is asked no more than it must. */
export const ORDER_MILLIS = 30_000;

/** Whoever told it to leave ends its machine within minutes, or has died and will never. */
export const COMES_BACK_MILLIS = 15 * 60_000;

const act = async ({ verb }: Order, { leave, serve }: Serving): Promise<void> => {
  await leave();
  if (verb === 'restart') await serve();
};

const carriedOut = async (order: Order, { serving, log }: OrderedReplica): Promise<Report> => {
  const { token, verb } = order;
  log.info(`The replica is told to ${verb}`, { token });
  try {
    await act(order, serving);
    log.info(`The order to ${verb} is carried out`, { token });
    return { token, result: 'done' };
  } catch (thrown) {
    const why = wholeMessageOf(thrown);
    log.error(`The order to ${verb} could not be carried out: ${why}`, { token });
    return { token, result: 'failed', why };
  }
};

/** The order that is to be carried out now; one that came too late is said once. */
const orderNow = async (
  { ec2, volumeId, instanceId, log, now = Date.now }: OrderedReplica,
  handled: ReadonlySet<string>,
): Promise<{ readonly order: Order; readonly late: boolean } | undefined> => {
  const tags = (await ec2.volume(volumeId))?.tags ?? {};
  const order = orderIn(tags[ORDER_TAG]);
  if (order === undefined || order.instanceId !== instanceId || handled.has(order.token)) return undefined;
  if (reportIn(tags[REPORT_TAG])?.token === order.token) return undefined;
  const late = now() / 1_000 > order.until;
  if (late) log.warn(`An order to ${order.verb} came too late, and is left alone`, { token: order.token });
  return { order, late };
};

/** What the loop remembers from look to look. */
type Memory = {
  readonly handled: Set<string>;
  /** Since when the replica is out of service because of an order. */
  leftAt?: number;
  /** What EC2 has not taken yet: the worker acts on nothing else, and asks again. */
  unreported?: Report;
};

const obey = async (order: Order, replica: OrderedReplica, memory: Memory): Promise<void> => {
  memory.handled.add(order.token);
  // Whatever fails from here on, it is brought back after a while.
  memory.leftAt = (replica.now ?? Date.now)();
  const said = await carriedOut(order, replica);
  if (order.verb !== 'leave' && said.result === 'done') delete memory.leftAt;
  memory.unreported = said;
};

/** Serves again where it is out of service for too long. */
const comeBack = async ({ serving, log, now = Date.now }: OrderedReplica, memory: Memory): Promise<void> => {
  if (memory.leftAt === undefined || now() - memory.leftAt <= COMES_BACK_MILLIS) return;
  log.warn('Nobody has ended the machine since it was told to leave: it serves again');
  await serving.serve();
  delete memory.leftAt;
};

/** One look: an order, if there is one, and its report. */
const lookOnce = async (replica: OrderedReplica, memory: Memory): Promise<void> => {
  const { ec2, volumeId } = replica;
  const found = await orderNow(replica, memory.handled);
  await replica.snapshots.tell();
  if (found?.late === true) memory.handled.add(found.order.token);
  else if (found?.order.verb === 'snapshot') {
    if (await replica.snapshots.begin(found.order)) memory.handled.add(found.order.token);
  } else if (found !== undefined) await obey(found.order, replica, memory);
  if (memory.unreported === undefined) return;
  await ec2.tag(volumeId, { [REPORT_TAG]: reportText(memory.unreported) });
  delete memory.unreported;
};

/** Looks for orders and carries them out, one at a time, until the signal is aborted. */
export const followOrders = async (replica: OrderedReplica, signal: AbortSignal): Promise<void> => {
  const { log, everyMillis } = replica;
  const memory: Memory = { handled: new Set() };
  let failing: string | undefined;
  for (;;) {
    await pause(everyMillis, signal);
    let why: string | undefined;
    for (const part of [() => lookOnce(replica, memory), () => comeBack(replica, memory)]) {
      try {
        await part();
      } catch (thrown) {
        signal.throwIfAborted();
        why = wholeMessageOf(thrown);
      }
    }
    if (why !== undefined && why !== failing) log.warn(`Orders could not be seen to, tried again: ${why}`);
    failing = why;
  }
};

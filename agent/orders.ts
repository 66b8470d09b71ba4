/**
 * Orders: what a worker tells this replica to do, read from the tag of its volume, done, and reported in another tag.
 *
 * Owns: looking, acting once, reporting, and coming back where nobody ends a machine that has left. The same looks show what is said
 * of emulation. Neighbours: `words/orders.ts` spells the tags; `components.ts` stops and starts what serves, as `emulation.ts` has it;
 * `activities/aws/order.ts` is at the other end.
 * Invariants: I2 (what is reported is not done again; an order for another machine or another time is none), I9, I11 (without
 * orders a replica lives as it is).
 */

import { type Serves, servesText } from '../machine/serves.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../words/emulation.ts';
import { wholeMessageOf } from '../words/failure.ts';
import {
  isRestoreOrder,
  ORDER_TAG,
  type Order,
  orderIn,
  REPORT_TAG,
  type Report,
  reportIn,
  reportText,
} from '../words/orders.ts';
import { present } from '../words/present.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { VolumeTags } from './emulation.ts';
import type { Log } from './log.ts';
import { pause } from './persist.ts';
import type { SnapshotOrders } from './snapshot-orders.ts';

/** What a replica does that is ordered. etcd goes on all the while. */
export type Serving = {
  /** Resolves once nothing serves any more, in order. */
  readonly leave: () => Promise<void>;
  /** Resolves once everything serves again, as the volume's tags say, with what it serves; rejects where it may not. */
  readonly serve: (tags: VolumeTags) => Promise<Serves>;
  /** Has the disk remember what the tags say of commits. Resolves with why nothing would start anew by them, if so. */
  readonly heed: (tags: VolumeTags) => Promise<string | undefined>;
  /** Whether Kubernetes serves as an older minor at the moment. */
  readonly emulates: () => boolean;
};

export type OrderedReplica = {
  readonly volumeId: string;
  readonly instanceId: string;
  readonly ec2: Pick<Ec2, 'volume' | 'tag'>;
  readonly serving: Serving;
  /** Without it an order to take a snapshot is left alone: whoever gave it asks another replica. */
  readonly snapshots?: SnapshotOrders;
  /** Is told what each look at the tags showed. */
  readonly schedule?: (tags: VolumeTags) => Promise<void>;
  /** The same: what is said there of a restore, which ends all that runs, is no order of these. */
  readonly restores?: (tags: VolumeTags) => Promise<void>;
  /** What it serves as these orders begin to be looked for. */
  readonly serves: Serves;
  readonly log: Log;
  readonly everyMillis: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** How often orders are looked for: a person hardly waits longer, and EC2 is asked no more than it must. */
export const ORDER_MILLIS = 30_000;

/** The same while a newer minor serves as an older one: a commit is remembered by each disk before any machine acts on it. */
const EMULATING_MILLIS = 15_000;

export const lookMillis = ({ everyMillis, serving }: Pick<OrderedReplica, 'everyMillis' | 'serving'>): number =>
  serving.emulates() ? Math.min(everyMillis, EMULATING_MILLIS) : everyMillis;

/** Whoever told it to leave ends its machine within minutes, or has died and will never. */
export const COMES_BACK_MILLIS = 15 * 60_000;

/** What the loop remembers from look to look. */
type Memory = {
  readonly handled: Set<string>;
  /** Since when the replica is out of service because of an order. */
  leftAt?: number;
  /** What EC2 has not taken yet: the worker acts on nothing else, and asks again. */
  unreported?: Report;
  /** Tags of the volume as this look read them; undefined where it could not. */
  tags: VolumeTags;
  /** Whether it was seen whether somebody wants to know what this machine serves. */
  said: boolean;
};

/** What there is to report beside that it is done. */
const act = async ({ verb }: Order, replica: OrderedReplica, memory: Memory): Promise<string | undefined> => {
  const { serving, now = Date.now } = replica;
  // What may not start again is not stopped.
  const refusal = verb === 'restart' ? await serving.heed(memory.tags) : undefined;
  if (refusal !== undefined) throw new Error(refusal);
  // Whatever fails from here on, it is brought back after a while.
  memory.leftAt = now();
  await serving.leave();
  if (verb === 'leave') return undefined;
  const serves = await serving.serve(memory.tags);
  delete memory.leftAt;
  return servesText(serves);
};

const obey = async (order: Order, replica: OrderedReplica, memory: Memory): Promise<Report> => {
  const { log } = replica;
  const { token, verb } = order;
  memory.handled.add(token);
  log.info(`The replica is told to ${verb}`, { token });
  try {
    const says = await act(order, replica, memory);
    log.info(`The order to ${verb} is carried out`, { token });
    return { token, result: 'done', ...present({ says }) };
  } catch (thrown) {
    const why = wholeMessageOf(thrown);
    log.error(`The order to ${verb} could not be carried out: ${why}`, { token });
    return { token, result: 'failed', why };
  }
};

/** The order that is to be carried out now; one that came too late is said once. */
const orderNow = (
  tags: Readonly<Record<string, string>>,
  { instanceId, log, now = Date.now }: OrderedReplica,
  handled: ReadonlySet<string>,
): { readonly order: Order; readonly late: boolean } | undefined => {
  const order = orderIn(tags[ORDER_TAG]);
  if (order === undefined || isRestoreOrder(order)) return undefined;
  if (order.instanceId !== instanceId || handled.has(order.token)) return undefined;
  if (reportIn(tags[REPORT_TAG])?.token === order.token) return undefined;
  const late = now() / 1_000 > order.until;
  if (late) log.warn(`An order to ${order.verb} came too late, and is left alone`, { token: order.token });
  return { order, late };
};

/** Serves again where it is out of service for too long. */
const comeBack = async ({ serving, log, now = Date.now }: OrderedReplica, memory: Memory): Promise<void> => {
  if (memory.leftAt === undefined || now() - memory.leftAt <= COMES_BACK_MILLIS) return;
  const refusal = await serving.heed(memory.tags);
  if (refusal !== undefined) throw new Error(refusal);
  log.warn('Nobody has ended the machine since it was told to leave: it serves again');
  await serving.serve(memory.tags);
  delete memory.leftAt;
};

/** Of a cluster that is being upgraded, or was, whoever does it wants to know what each machine serves; of others nobody asks. */
const told = ({ instanceId, serves }: OrderedReplica, memory: Memory): Report | undefined => {
  const { tags = {}, said } = memory;
  memory.said = true;
  if (said || (tags[EMULATES_TAG] ?? tags[COMMITTED_TAG]) === undefined) return undefined;
  const order = orderIn(tags[ORDER_TAG]);
  // What an agent before this one said of an order to this machine is still to be read.
  if (order?.instanceId === instanceId && tags[REPORT_TAG]?.startsWith(`${order.token} `) === true) return undefined;
  const says = servesText(serves);
  const last = reportIn(tags[REPORT_TAG]);
  return last?.result === 'done' && last.says === says ? undefined : { token: instanceId, result: 'done', says };
};

/** What an order that was found comes to. */
const take = async (
  { order, late }: { readonly order: Order; readonly late: boolean },
  replica: OrderedReplica,
  memory: Memory,
): Promise<void> => {
  if (!late && order.verb !== 'snapshot') {
    memory.unreported = await obey(order, replica, memory);
    return;
  }
  const isOver = late || (await replica.snapshots?.begin(order)) !== false;
  if (isOver) memory.handled.add(order.token);
};

/** One look: an order, if there is one, and its report. */
const lookOnce = async (replica: OrderedReplica, memory: Memory): Promise<void> => {
  const { ec2, volumeId } = replica;
  memory.tags = undefined;
  const tags = (await ec2.volume(volumeId))?.tags ?? {};
  memory.tags = tags;
  const found = orderNow(tags, replica, memory.handled);
  const news = told(replica, memory);
  await replica.snapshots?.tell();
  if (found !== undefined) await take(found, replica, memory);
  const report = memory.unreported ?? news;
  if (report === undefined) return;
  memory.unreported = report;
  await ec2.tag(volumeId, { [REPORT_TAG]: reportText(report) });
  delete memory.unreported;
};

/** Looks for orders and carries them out, one at a time, until the signal is aborted. */
export const followOrders = async (replica: OrderedReplica, signal: AbortSignal): Promise<void> => {
  const { log, serving } = replica;
  const memory: Memory = { handled: new Set(), tags: undefined, said: false };
  const parts = [
    () => lookOnce(replica, memory),
    () => comeBack(replica, memory),
    () => serving.heed(memory.tags),
    () => replica.schedule?.(memory.tags),
    () => replica.restores?.(memory.tags),
  ];
  let failing: string | undefined;
  for (;;) {
    await pause(lookMillis(replica), signal);
    let why: string | undefined;
    for (const part of parts) {
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

/**
 * Backup replica: which replica of a control plane is asked for a snapshot, by its etcd volume and what was said over it so far.
 *
 * Owns: that one which is known not to serve, has failed before or is just told something else is not asked. Neighbours: `words/orders.ts`
 * spells what is said, `activities/aws/backup-orders.ts` reads and says it. Pure.
 * Invariants: I5 (an order that nobody has answered yet is never taken back by another).
 */
import { begunIn, ORDER_TAG, orderIn, REPORT_TAG, reportIn } from '../words/orders.ts';
import { ended } from '../words/text.ts';

export type ReplicaVolume = {
  readonly index: number;
  readonly volumeId: string;
  /** The machine that has it, if one has. */
  readonly holder?: string;
  readonly tags: Readonly<Record<string, string | undefined>>;
};

/** A replica that was asked; `until` in seconds since the epoch. */
export type ToldReplica = {
  readonly index: number;
  readonly volumeId: string;
  readonly instanceId: string;
  readonly token: string;
  readonly until: number;
  readonly bucket: string;
};

/** A replica that could not, and why. */
export type Failed = { readonly index: number; readonly why: string };

export type Asking = {
  /** Of this very question: put again, it is no other order. */
  readonly token: string;
  readonly failed: readonly Failed[];
  /** Indexes of replicas that are known not to serve. */
  readonly unhealthy: readonly number[];
  /** Epoch milliseconds. */
  readonly now: number;
};

export type Choice =
  | { readonly kind: 'ask'; readonly index: number; readonly volumeId: string; readonly instanceId: string }
  /** Each that could is told something else at the moment: that is over soon. */
  | { readonly kind: 'later'; readonly says: string }
  | { readonly kind: 'none'; readonly says: string };

/** What a replica is told at the moment by others, and has not answered. A machine whose place another has taken answers nothing more. */
const openOrder = ({ tags, holder }: ReplicaVolume, { token, now }: Asking): string | undefined => {
  const order = orderIn(tags[ORDER_TAG]);
  if (order === undefined || order.token === token || now / 1_000 > order.until) return undefined;
  if (order.instanceId !== holder) return undefined;
  const said = tags[REPORT_TAG];
  if (reportIn(said)?.token === order.token) return undefined;
  return begunIn(said) === order.token && order.verb === 'snapshot' ? undefined : order.verb;
};

const whyNot = ({ index, holder }: ReplicaVolume, { failed, unhealthy }: Asking): string | undefined => {
  const before = failed.find((one) => one.index === index);
  if (before !== undefined) return before.why;
  if (holder === undefined) return 'its volume is attached to no machine';
  return unhealthy.includes(index) ? 'it does not serve' : undefined;
};

/** Which of these is asked: whoever was told of this very question, else the first that is free. */
export const replicaToAsk = (volumes: readonly ReplicaVolume[], asking: Asking): Choice => {
  const able = volumes.filter((one) => whyNot(one, asking) === undefined);
  const told = able.find(({ tags }) => orderIn(tags[ORDER_TAG])?.token === asking.token);
  const free = told ?? able.find((one) => openOrder(one, asking) === undefined);
  if (free?.holder !== undefined) {
    return { kind: 'ask', index: free.index, volumeId: free.volumeId, instanceId: free.holder };
  }
  if (able.length > 0) {
    const busy = able.map((one) => `replica ${one.index} is told to ${openOrder(one, asking) ?? 'do something'}`);
    return { kind: 'later', says: `Waiting for an operation: ${busy.join(', ')}.` };
  }
  const why = volumes.map((one) => `replica ${one.index}: ${ended(whyNot(one, asking) ?? '')}`).join(' ');
  return { kind: 'none', says: why === '' ? 'it has no etcd volume in this account and region.' : why };
};

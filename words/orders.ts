/**
 * Orders and reports: what a worker and the agent of a replica say to each other, as tags of the replica's etcd volume.
 *
 * Owns: both tags' keys and texts. The volume outlives machines, and a tag on it needs no quorum, no port and no certificate.
 * Neighbours: `activities/aws/order.ts` writes orders and reads reports, `agent/orders.ts` the other way round. Pure.
 */

/** Written by workers, read by agents. */
export const ORDER_TAG = 'slipway.dev/order';
/** The only tag that agents may write. */
export const REPORT_TAG = 'slipway.dev/report';

/**
 * `leave`: stop serving, in order, and stay so for a while; etcd goes on. `restart`: the same, and serve again at once. `snapshot`:
 * keep what etcd holds in a bucket; all goes on. `fetch`: put a snapshot beside what etcd holds; all goes on. `halt`: stop everything, etcd
 * too, and stay so for a while. `restore`: the same, then begin again with what the snapshot holds.
 */
const ORDER_VERBS = ['leave', 'restart', 'snapshot', 'fetch', 'halt', 'restore'] as const;
export type OrderVerb = (typeof ORDER_VERBS)[number];

/** Those by which all replicas come to hold what a snapshot does. */
export type RestoreVerb = Extract<OrderVerb, 'fetch' | 'halt' | 'restore'>;

const isRestoreVerb = (verb: OrderVerb): verb is RestoreVerb => ['fetch', 'halt', 'restore'].includes(verb);

/** Which snapshot, and for which restore. */
export type RestoredFrom = {
  /** The same for all replicas: those of one restore are members of one new etcd cluster. */
  readonly id: string;
  readonly bucket: string;
  readonly key: string;
  /** Of the whole snapshot, in hexadecimal digits. */
  readonly sha256: string;
};

export type Order = {
  /** Whoever acted on it says so, and acts on it no more. */
  readonly token: string;
  readonly verb: OrderVerb;
  /** The machine that is meant: one that has taken its place since isn't. */
  readonly instanceId: string;
  /** Not to be begun later than this, in seconds since the epoch: whoever gave it has given up by then. */
  readonly until: number;
  /** Where a snapshot goes; others have none. */
  readonly bucket?: string;
  /** What is restored, of an order that is part of that. */
  readonly from?: RestoredFrom;
};

export type RestoreOrder = Order & { readonly verb: RestoreVerb; readonly from: RestoredFrom };

export const isRestoreOrder = (order: Order): order is RestoreOrder =>
  isRestoreVerb(order.verb) && order.from !== undefined;

export type Report = {
  readonly token: string;
} /** `says`: what the verb's orders answer beside that, such as what `restart` serves by now (`emulation.ts`). */ & (
  | { readonly result: 'done'; readonly says?: string }
  | { readonly result: 'failed'; readonly why: string }
);

/** What a tag's value may hold, and how much. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
const LONGEST = 256;
const tagged = (text: string): string =>
  text
    .replaceAll(/[^A-Za-z0-9 +\-=._:/@]+/g, ' ')
    .slice(0, LONGEST)
    .trimEnd();

/**
 * `3f9c01aa leave i-0abc 1764480000`, `3f9c01aa snapshot i-0abc 1764480000 backups`,
 * `3f9c01aa restore i-0abc 1764480000 backups 5e1f… gke-0a1b2c3d/etcd/20261130T194500123Z-4711.db 9c02…`: restore's id and the sum last.
 */
export const orderText = ({ token, verb, instanceId, until, bucket, from }: Order): string => {
  const about = from === undefined ? [bucket] : [from.bucket, from.id, from.key, from.sha256];
  return [token, verb, instanceId, until, ...about].filter((word) => word !== undefined).join(' ');
};

const isVerb = (text: string | undefined): text is OrderVerb => ORDER_VERBS.some((verb) => verb === text);

/** What follows the time limit of an order; undefined where it is not what the verb takes. */
const aboutIn = (verb: OrderVerb, text: string): Pick<Order, 'bucket' | 'from'> | undefined => {
  if (isRestoreVerb(verb)) {
    const [, bucket, id, key, sha256] = /^(\S+) (\S+) (\S+) ([0-9a-f]{64})$/.exec(text) ?? [];
    if (bucket === undefined || id === undefined || key === undefined || sha256 === undefined) return undefined;
    return { from: { bucket, id, key, sha256 } };
  }
  if (verb === 'snapshot') return /^\S+$/.test(text) ? { bucket: text } : undefined;
  return text === '' ? {} : undefined;
};

/** Undefined for what is no order, or one of a newer release: nobody acts on half of it. */
export const orderIn = (text: string | undefined): Order | undefined => {
  const [, token, verb, instanceId, until, rest] = /^(\S+) (\S+) (\S+) (\d+)(?: (.*))?$/.exec(text ?? '') ?? [];
  if (token === undefined || instanceId === undefined || !isVerb(verb)) return undefined;
  const about = aboutIn(verb, rest ?? '');
  return about === undefined ? undefined : { token, verb, instanceId, until: Number(until), ...about };
};

/** `3f9c01aa begun`: of an order that takes as long as it must. It is no report, and a report takes its place. */
export const begunText = (token: string): string => `${token} begun`;

export const begunIn = (text: string | undefined): string | undefined => /^(\S+) begun$/.exec(text ?? '')?.[1];

/** `3f9c01aa done`, `3f9c01aa done 1.37.2 1.36`, `3f9c01aa failed kube-apiserver did not end` */
export const reportText = (report: Report): string => {
  const text = report.result === 'done' ? (report.says ?? '') : report.why;
  return tagged(`${report.token} ${report.result} ${text}`);
};

export const reportIn = (text: string | undefined): Report | undefined => {
  const [, token, result, says] = /^(\S+) (done|failed)(?: (.*))?$/.exec(text ?? '') ?? [];
  if (token === undefined) return undefined;
  if (result === 'failed') return { token, result, why: says || 'no reason given' };
  return { token, result: 'done', ...(says ? { says } : {}) };
};

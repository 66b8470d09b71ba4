/**
 * Snapshot: what this replica's own etcd holds, as one stream that is checked while it passes.
 *
 * Owns: reading etcd's JSON gateway, whose answer is a JSON document a line, and the checksum: the last 32 bytes are the SHA-256 of
 * all before them. Neighbours: `backup.ts` sends the stream on; `etcd.ts` asks other members about membership.
 * Invariants: I5 (reads only), I8 (a failure names sums and sizes, never content), I12 (a stream that was cut, or differs from its
 * sum, ends as an error, so that whoever stores it stores nothing).
 * https://etcd.io/docs/v3.6/op-guide/recovery/#snapshotting-the-keyspace
 */
import { createHash } from 'node:crypto';
import type { Agent } from 'node:http';
import { linesOf, open, send } from '../kubernetes/http.ts';
import { clientUrlOf } from '../machine/membership.ts';

/** The SHA-256 that etcd puts behind what it sums. */
const SUM_BYTES = 32;
const STATUS_MILLIS = 5_000;
/** Until the first of the answer: etcd begins at once, whatever it holds. */
const BEGIN_MILLIS = 15_000;

export type EtcdStatus = {
  /** Without a leading v. */
  readonly version: string;
  readonly revision: string;
  /** Whether this member itself leads. */
  readonly leads: boolean;
  /** Why a snapshot of it would not be of the cluster: it follows nobody, or has not caught up. */
  readonly unfit?: string;
};

export type Snapshot = {
  /** Fails at its end where what passed is not whole. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Of all bytes, once they have passed. */
  readonly passed: () => { readonly size: number; readonly sha256: string };
};

export type OwnEtcd = {
  readonly status: () => Promise<EtcdStatus>;
  readonly snapshot: (signal: AbortSignal) => Promise<Snapshot>;
};

type Line = {
  readonly result?: { readonly blob?: string; readonly remaining_bytes?: string };
  readonly error?: { readonly message?: string };
};

const blobIn = (line: string): Buffer => {
  const { result, error } = JSON.parse(line) as Line;
  if (error !== undefined) throw new Error(`etcd ended its snapshot: ${error.message ?? 'it did not say why'}`);
  return Buffer.from(result?.blob ?? '', 'base64');
};

/** The content of the lines of a snapshot. */
export const checkedSnapshot = (lines: AsyncIterable<string>): Snapshot => {
  const content = createHash('sha256');
  const whole = createHash('sha256');
  let size = 0;
  let sha256: string | undefined;
  const pass = (bytes: Buffer): Buffer => {
    whole.update(bytes);
    size += bytes.length;
    return bytes;
  };
  async function* checked(): AsyncGenerator<Uint8Array> {
    let held: Buffer = Buffer.alloc(0);
    for await (const line of lines) {
      const all = Buffer.concat([held, blobIn(line)]);
      const ready = all.subarray(0, Math.max(0, all.length - SUM_BYTES));
      held = all.subarray(ready.length);
      content.update(ready);
      if (ready.length > 0) yield pass(ready);
    }
    if (size === 0 || !content.digest().equals(held)) {
      throw new Error(
        `etcd's snapshot is not whole: its checksum is another than that of the ${size} bytes that came. It is thrown away`,
      );
    }
    yield pass(held);
    sha256 = whole.digest('hex');
  }
  return {
    bytes: checked(),
    passed: () => {
      if (sha256 === undefined) throw new Error('The snapshot has not passed yet');
      return { size, sha256 };
    },
  };
};

type GatewayStatus = {
  readonly header?: { readonly member_id?: string; readonly revision?: string };
  readonly version?: string;
  readonly leader?: string;
  readonly isLearner?: boolean;
  readonly errors?: readonly string[];
};

const unfitness = ({ leader = '0', isLearner }: GatewayStatus): string | undefined => {
  if (isLearner === true) return 'its etcd is a learner, which has not caught up yet';
  return leader === '0' ? 'its etcd follows no leader' : undefined;
};

export const statusIn = (body: string): EtcdStatus => {
  const said = JSON.parse(body) as GatewayStatus;
  const { header: { member_id: member, revision } = {}, version, leader } = said;
  if (version === undefined || revision === undefined || !/^\d+$/.test(revision)) {
    throw new Error('etcd says neither its version nor its revision');
  }
  const unfit = unfitness(said);
  const leads = leader !== undefined && leader === member;
  return { version, revision, leads, ...(unfit === undefined ? {} : { unfit }) };
};

/** Whether its member leads, and may speak for the cluster. */
export const leadsFit = async ({ status }: Pick<OwnEtcd, 'status'>): Promise<boolean> => {
  const { leads, unfit } = await status();
  return leads && unfit === undefined;
};

/** `agent` trusts etcd's authority, and shows a certificate that etcd takes. */
export const ownEtcd = (address: string, agent: Agent): OwnEtcd => {
  const request = (path: string) => ({
    url: `${clientUrlOf(address)}/v3/maintenance/${path}`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    agent,
  });
  return {
    status: async () => {
      const { status, body } = await send({ ...request('status'), timeoutMillis: STATUS_MILLIS });
      if (status !== 200) throw new Error(`etcd on ${address} refused to say how it is: HTTP ${status}`);
      return statusIn(body);
    },
    snapshot: async (signal) => {
      const response = await open({ ...request('snapshot'), timeoutMillis: BEGIN_MILLIS, signal });
      if (response.statusCode !== 200) {
        response.destroy();
        throw new Error(`etcd on ${address} refused a snapshot: HTTP ${response.statusCode}`);
      }
      return checkedSnapshot(linesOf(response));
    },
  };
};

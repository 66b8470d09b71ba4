/**
 * Door: a replica's API server and its member of etcd, asked at the replica's own address, and the disk that it has, looked into.
 *
 * Owns: with which certificates of its machine each is asked, and what counts as no answer. Nothing of Slipway's is in between, nor a
 * load balancer. Only the sandbox reaches a replica this way, where each is a process of this computer. Neighbours: `machine/ports.ts` and
 * `machine/certificates.ts` have ports and names; `bench/faults/real-control-planes.ts` asks.
 */
import { readdir, readFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import { etcdDataDirectory } from '../../machine/components.ts';
import { API_SERVER_PORT, ETCD_CLIENT_PORT } from '../../machine/ports.ts';
import { hasCode } from '../../words/failure.ts';
import { instanceFolder } from '../instances/folder.ts';
import { folders } from '../layout.ts';

export type Replica = {
  /** Its machine, by EC2's id. */
  readonly instance: string;
  /** That of the interface that it keeps. */
  readonly address: string;
};

export type Question = {
  readonly of: 'API server' | 'etcd';
  readonly path: string;
  /** Is sent as JSON. */
  readonly body?: unknown;
};

type Way = { readonly port: number; readonly authority: string; readonly certificate: string };

/** The controller manager may list and watch everything. */
const WAYS: Readonly<Record<Question['of'], Way>> = {
  'API server': { port: API_SERVER_PORT, authority: 'root-ca', certificate: 'kube-controller-manager-client' },
  etcd: { port: ETCD_CLIENT_PORT, authority: 'etcd-ca', certificate: 'agent-etcd-client' },
};

/** Longer than a busy computer needs; what hangs is not looked at for ever. */
const PATIENCE_MS = 10_000;
const LATE = 'ETIMEDOUT';

const send = (options: RequestOptions, body: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const outgoing = request({ ...options, agent: false, timeout: PATIENCE_MS }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', reject);
      incoming.once('end', () => {
        if (incoming.statusCode !== 200) return resolve(undefined);
        const text = Buffer.concat(chunks).toString('utf8');
        try {
          return resolve(JSON.parse(text));
        } catch (error) {
          return reject(error);
        }
      });
    });
    const late = `${options.host}:${options.port} gave no answer within ${PATIENCE_MS} ms`;
    outgoing.once('timeout', () => outgoing.destroy(Object.assign(new Error(late), { code: LATE })));
    outgoing.once('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });

/** Where nobody listens, or who does ends in the middle of it, or has no certificates yet. */
const NO_ANSWER = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', LATE, 'ENOENT'] as const;

/** What it answers with 200; undefined where it is down, not yet up, or says that it can't. `home`: the sandbox's. */
export const askReplica = async (
  home: string,
  { instance, address }: Replica,
  { of, path, body }: Question,
): Promise<unknown> => {
  const { port, authority, certificate } = WAYS[of];
  const pki = `${instanceFolder(folders(home).instances, instance)}/run/pki`;
  try {
    const [ca, cert, key] = await Promise.all(
      [`${authority}.crt`, `${certificate}.crt`, `${certificate}.key`].map((file) => readFile(`${pki}/${file}`)),
    );
    const method = body === undefined ? 'GET' : 'POST';
    return await send({ host: address, port, path, method, ca, cert, key }, body);
  } catch (error) {
    // Down, or not yet up: that is the answer.
    if (hasCode(error, ...NO_ANSWER)) return undefined;
    throw error;
  }
};

/** Whether the volume holds a member's data: etcd begins anew where there is no write-ahead log. */
export const holdsMember = async (home: string, volumeId: string): Promise<boolean> => {
  const log = `${etcdDataDirectory(`${folders(home).volumes}/${volumeId}`)}/member/wal`;
  try {
    return (await readdir(log)).some((file) => file.endsWith('.wal'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
};

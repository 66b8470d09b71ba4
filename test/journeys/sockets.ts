/**
 * Sockets: what the processes of a sandbox listen on, and what answers there without credentials.
 *
 * Owns: the reading of /proc, by the mark that everything of one sandbox has in its environment. Neighbours: the chapter
 * `listening` says what should be there.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request as plainly } from 'node:http';
import { request as securely } from 'node:https';
import { basename } from 'node:path';
import { hasCode } from '../../words/failure.ts';

export type Listener = {
  readonly program: string;
  /** The instance that the program belongs to, if any. */
  readonly instance?: string;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
};

/** What may go away while it is looked at. */
const orNothing = <T>(read: () => T, nothing: T): T => {
  try {
    return read();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return nothing;
    throw error;
  }
};

const TCP_LISTEN = '0A';
/** A bound UDP socket that is connected to nobody takes from everybody. */
const UDP_UNCONNECTED = '07';

/** `0500117F` -> 127.17.0.5, as the kernel writes it on a little-endian computer; an IPv6 address stays in hex. */
const addressOf = (hex: string): string =>
  hex.length === 8 ? [...Buffer.from(hex, 'hex')].reverse().join('.') : hex === '0'.repeat(32) ? '::' : hex;

/** Every listening socket of this computer by its inode. */
const sockets = (): ReadonlyMap<string, Pick<Listener, 'protocol' | 'address' | 'port'>> =>
  new Map(
    ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
      orNothing(() => readFileSync(`/proc/net/${table}`, 'utf8'), '')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state]) => state === (table.startsWith('tcp') ? TCP_LISTEN : UDP_UNCONNECTED))
        .map(([, local = '', , , , , , , , inode = '']) => {
          const [address = '', port = ''] = local.split(':');
          const protocol = table.startsWith('tcp') ? ('tcp' as const) : ('udp' as const);
          return [inode, { protocol, address: addressOf(address), port: Number.parseInt(port, 16) }] as const;
        }),
    ),
  );

/** What every process with this variable in its environment listens on. */
export const listenersWith = (name: string, value: string): readonly Listener[] => {
  const all = sockets();
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    const environment = orNothing(() => readFileSync(`/proc/${pid}/environ`, 'utf8'), '').split('\0');
    if (!environment.includes(`${name}=${value}`)) return [];
    const home = environment.find((one) => one.startsWith('SLIPWAY_AGENT_HOME='));
    const program = basename(orNothing(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), '').split('\0')[0] ?? '');
    return orNothing(() => readdirSync(`/proc/${pid}/fd`), []).flatMap((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(orNothing(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`), ''))?.[1];
      const socket = inode === undefined ? undefined : all.get(inode);
      if (socket === undefined) return [];
      return [{ program, ...socket, ...(home === undefined ? {} : { instance: basename(home) }) }];
    });
  });
};

export type Credentials = { readonly certificate: string; readonly key: string };

/** The status of an answer, or that the connection was refused by whoever wants to know who is there first. */
export const knock = (url: string, credentials?: Credentials): Promise<number | 'refused'> =>
  new Promise((resolve, reject) => {
    const identity = credentials === undefined ? {} : { cert: credentials.certificate, key: credentials.key };
    const outgoing = url.startsWith('https:')
      ? securely(url, { agent: false, rejectUnauthorized: false, ...identity })
      : plainly(url, { agent: false });
    outgoing.setTimeout(10_000, () => outgoing.destroy(new Error(`${url} does not answer`)));
    outgoing.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.once('error', (error) => {
      const byTls = hasCode(error, 'ECONNRESET', 'EPROTO') || /alert|SSL|TLS/.test(error.message);
      if (byTls) resolve('refused');
      else reject(error);
    });
    outgoing.end();
  });

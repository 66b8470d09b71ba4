/**
 * Addresses: which network and which proxy port this sandbox has to itself.
 *
 * Owns: the choice, under locks that every sandbox on this computer sees, so that several run side by side without root.
 * Neighbours: `layout.ts` says which service has which address on a network.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { hasCode } from '../words/failure.ts';
import { SandboxFailure } from './failure.ts';
import { FIRST_NETWORK, type HostPort, LAST_NETWORK, layoutOf } from './layout.ts';
import { isLock, type Lock, tryLock } from './lock.ts';

const FIRST_PROXY_PORT = 8118;
const PROXY_PORTS = 200;

export type Claim = { readonly network: number; readonly proxyPort: number; readonly release: () => void };

/** Says whether nobody listens there: a lock can be lost with `/tmp`, a listener cannot. */
const isFree = (address: HostPort): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (hasCode(error, 'EADDRINUSE')) resolve(false);
      else reject(error);
    });
    server.listen({ ...address, exclusive: true }, () => server.close(() => resolve(true)));
  });

const servicesOn = (network: number): readonly HostPort[] => {
  const layout = layoutOf({ home: '', bin: '', python: '', node: '', cache: '', checkout: '', network, proxyPort: 0 });
  return [
    layout.temporal,
    layout.temporalUi,
    layout.aws,
    layout.moto,
    layout.managementEtcd,
    layout.managementApi,
    layout.hub,
    layout.admission,
  ];
};

const claimFirst = async (
  folder: string,
  candidates: readonly number[],
  options: { name: (candidate: number) => string; purpose: string; listeners: (c: number) => readonly HostPort[] },
): Promise<{ candidate: number; lock: Lock } | undefined> => {
  for (const candidate of candidates) {
    const lock = tryLock(`${folder}/${options.name(candidate)}.lock`, options.purpose);
    if (!isLock(lock)) continue;
    const free = await Promise.all(options.listeners(candidate).map(isFree));
    if (free.every(Boolean)) return { candidate, lock };
    lock.release();
  }
  return undefined;
};

const range = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => first + i);

/** What the sandbox had before, and whether its parts still run there. */
export type ClaimBefore = { readonly network: number; readonly proxyPort: number; readonly inUse: boolean };

/**
 * Claims a network and a proxy port for as long as this process lives. What the sandbox had before comes first: what it
 * wrote down then, kubeconfigs and endpoints, stays true. While its own parts listen there, it can be nothing else.
 * `folder` holds the locks, the same one for all sandboxes of this computer.
 */
export const claimAddresses = async (
  home: string,
  before: ClaimBefore | undefined,
  folder = `${tmpdir()}/slipway-networks`,
): Promise<Claim> => {
  const inUse = before?.inUse === true;
  mkdirSync(folder, { recursive: true });
  try {
    // Every user of this computer takes part.
    chmodSync(folder, 0o1777);
  } catch (error) {
    if (!hasCode(error, 'EPERM')) throw error;
  }
  const network = await claimFirst(
    folder,
    [...(before ? [before.network] : []), ...(inUse ? [] : range(FIRST_NETWORK, LAST_NETWORK - FIRST_NETWORK + 1))],
    { name: (n) => `${n}`, purpose: `network of ${home}`, listeners: inUse ? () => [] : servicesOn },
  );
  if (network === undefined) {
    throw new SandboxFailure(
      'refused',
      `every network from 127.${FIRST_NETWORK}.0.0/16 to 127.${LAST_NETWORK}.0.0/16 is in use`,
      `end a sandbox with \`npm run sandbox -- down\`; the lock files in ${folder} name the processes that hold them`,
    );
  }
  const proxy = await claimFirst(
    folder,
    [...(before ? [before.proxyPort] : []), ...(inUse ? [] : range(FIRST_PROXY_PORT, PROXY_PORTS))],
    {
      name: (port) => `proxy-${port}`,
      purpose: `proxy of ${home}`,
      listeners: (port) => (inUse ? [] : [{ host: '127.0.0.1', port }]),
    },
  );
  if (proxy === undefined) {
    network.lock.release();
    throw new SandboxFailure(
      'refused',
      `every port from 127.0.0.1:${FIRST_PROXY_PORT} to ${FIRST_PROXY_PORT + PROXY_PORTS - 1} is in use`,
      'end what listens there, or another sandbox with `npm run sandbox -- down`',
    );
  }
  return {
    network: network.candidate,
    proxyPort: proxy.candidate,
    release: () => {
      network.lock.release();
      proxy.lock.release();
    },
  };
};

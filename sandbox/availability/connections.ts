/**
 * Connections: to a cluster's API through the sandbox's proxy and load balancer, one at a time.
 *
 * Owns: which protocol is spoken. A server would choose HTTP/2 where both are offered, so only one is. Neighbour: `probe.ts` asks.
 */
import { ProxyAgent } from 'undici';

export type ApiAccess = {
  readonly server: string;
  /** What its certificate shows, wherever it is dialled. */
  readonly serverName: string;
  readonly proxy: string;
  /** PEM, all three. */
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
};

export type Protocol = 'h1' | 'h2';

/** Destroyed by who made it. `patienceMs`: until the head of an answer; a watch is silent for as long as nothing happens. */
export const connectionTo = (access: ApiAccess, protocol: Protocol, patienceMs: number): ProxyAgent => {
  const { proxy: uri, serverName: servername, certificateAuthority: ca, certificate: cert, key } = access;
  const tls = { servername, ca, cert, key };
  const requestTls = protocol === 'h1' ? { ...tls, allowH2: false } : { ...tls, allowH2: true, preferH2: true };
  return new ProxyAgent({
    uri,
    connections: 1,
    allowH2: protocol === 'h2',
    requestTls,
    headersTimeout: patienceMs,
    bodyTimeout: 0,
  });
};

/**
 * Connections: kept open between requests, each to one server under one identity.
 *
 * Owns: TLS, strictly checked, over a direct way or a proxy's; when kept connections end. Neighbours: `transport.ts` decides
 * which identity is used, `proxies.ts` makes tunnels. Not HTTP/2: it would send everything over one connection, hence to one
 * replica behind a load balancer.
 * Invariant: I8 (Node.js would name each connection by the key that it was made with; here names hold addresses only).
 */
import { createHash } from 'node:crypto';
import type * as Http from 'node:http';
import type * as Https from 'node:https';
import { isIP, type Socket } from 'node:net';
import tls, { type PeerCertificate } from 'node:tls';
import { proxyIn, tunnelThrough } from './proxies.ts';

type Pem = string | Buffer;

/** What a server showed; times in epoch milliseconds. */
export type ServedCertificate = {
  /** IP addresses that it is for, in its own order. */
  readonly addresses: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
};

/** How to prove who we are, and whom to trust. */
export type TlsIdentity = {
  readonly ca?: Pem;
  readonly cert?: Pem;
  readonly key?: Pem;
  /** The name that the server is asked for and its certificate checked against, where that isn't the one in the URL. */
  readonly serverName?: string;
  /** The certificate may be for any of these names, and need not be for the one that is asked for. */
  readonly acceptedNames?: readonly string[];
  /** Told of the certificate of each server that was accepted; not where an earlier session is gone on with. */
  readonly onAccepted?: (certificate: ServedCertificate) => void;
  /** Only where a kubeconfig says so: whoever answers is believed. */
  readonly rejectUnauthorized?: false;
};

export type ConnectionSettings = {
  readonly secure: boolean;
  readonly tls: TlsIdentity;
  /** URL of an HTTP CONNECT or SOCKS proxy. */
  readonly proxy?: string;
  /** How many at once; as many as there are requests unless given. */
  readonly most?: number;
  /** An idle one is ended after this; unless given it is kept for as long as the server keeps it. */
  readonly idleMillis?: number;
};

/** Below what any load balancer or firewall forgets. */
const KEEP_ALIVE_MILLIS = 30_000;

/** An identity by digest, so that no key is kept as the name of anything. */
export const digestOf = (identity: TlsIdentity): string => {
  const { ca, cert, key, serverName, acceptedNames, rejectUnauthorized } = identity;
  const hash = createHash('sha256');
  for (const part of [ca, cert, key, serverName, acceptedNames?.join(), String(rejectUnauthorized)]) {
    hash.update(part ?? '').update('\0');
  }
  return hash.digest('hex');
};

const ADDRESS = 'IP Address:';

const servedIn = ({ subjectaltname = '', valid_from, valid_to }: PeerCertificate): ServedCertificate => ({
  addresses: subjectaltname
    .split(', ')
    .flatMap((name) => (name.startsWith(ADDRESS) ? [name.slice(ADDRESS.length)] : [])),
  notBefore: Date.parse(valid_from),
  notAfter: Date.parse(valid_to),
});

const checkedAgainst =
  ({ acceptedNames, onAccepted }: TlsIdentity): typeof tls.checkServerIdentity =>
  (asked, certificate) => {
    const names = acceptedNames ?? [asked];
    const refusals = names.map((name) => tls.checkServerIdentity(name, certificate));
    if (!refusals.includes(undefined)) {
      return refusals[0] ?? new Error(`no name is accepted of the server at ${asked}`);
    }
    onAccepted?.(servedIn(certificate));
    return undefined;
  };

const tlsOptions = (identity: TlsIdentity) => {
  const { ca, cert, key, serverName, acceptedNames, onAccepted, rejectUnauthorized } = identity;
  const isOwnCheck = acceptedNames !== undefined || onAccepted !== undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(isOwnCheck ? { checkServerIdentity: checkedAgainst(identity) } : {}),
    // Said, so that no variable of the environment can say otherwise.
    rejectUnauthorized: rejectUnauthorized !== false,
  };
};

const connectThrough = async (
  { secure, tls: identity, proxy = '' }: ConnectionSettings,
  target: Http.ClientRequestArgs,
): Promise<Socket> => {
  const host = target.host ?? '';
  const socket = await tunnelThrough(proxy, { host, port: Number(target.port) });
  if (!secure) return socket;
  const servername = identity.serverName ?? (isIP(host) === 0 ? host : '');
  return tls.connect({ ...tlsOptions(identity), host, servername, socket });
};

/** The proxy to a server, if any. */
type Way = (target: Http.ClientRequestArgs) => string | undefined;

/** Of node:https, or of node:http where the server has no TLS. */
const createAgent = (settings: ConnectionSettings, way?: Way): Http.Agent | Https.Agent => {
  const { secure, tls: identity, most, idleMillis } = settings;
  const options = {
    keepAlive: true,
    keepAliveMsecs: KEEP_ALIVE_MILLIS,
    ...(most === undefined ? {} : { maxSockets: most }),
    ...(idleMillis === undefined ? {} : { timeout: idleMillis }),
  };
  const agent = secure
    ? new (process.getBuiltinModule('node:https').Agent)({ ...options, ...tlsOptions(identity) })
    : new (process.getBuiltinModule('node:http').Agent)(options);
  agent.getName = ({ host = '', port = '' } = {}) => `${host}:${port}`;
  if (way === undefined) return agent;
  const straightOn = agent.createConnection.bind(agent);
  agent.createConnection = (target, callback) => {
    const proxy = way(target);
    if (proxy === undefined) return straightOn(target, callback);
    void (async () => {
      let socket: Socket;
      try {
        socket = await connectThrough({ ...settings, proxy }, target);
      } catch (error) {
        callback?.(error as Error, undefined as never);
        return;
      }
      callback?.(null, socket);
    })();
    return undefined;
  };
  return agent;
};

/**
 * For services that are many servers, such as AWS's: to each of them by the way that the environment names for it. Destroyed by who
 * made it.
 */
export const agentByEnvironment = (environment: NodeJS.ProcessEnv, most: number): Https.Agent =>
  createAgent({ secure: true, tls: {}, most }, ({ host, port }) =>
    proxyIn(environment, `https://${isIP(host ?? '') === 6 ? `[${host}]` : host}:${port ?? ''}`),
  ) as Https.Agent;

/** For what speaks another protocol than an API server's. */
export const secureAgent = (tls: TlsIdentity, most?: number): Http.Agent =>
  createAgent({ secure: true, tls, ...(most === undefined ? {} : { most }) });

export type Connections = {
  readonly agent: Http.Agent | Https.Agent;
  /** Takes part until the answer is called. */
  readonly take: () => () => void;
  /** No new requests: connections end once the last one is over. */
  readonly retire: () => Promise<void>;
};

export const createConnections = (settings: ConnectionSettings): Connections => {
  const { proxy } = settings;
  const agent = createAgent(settings, proxy === undefined ? undefined : () => proxy);
  const users = new Set<symbol>();
  let whenEnded: (() => void) | undefined;
  let end: (() => void) | undefined;
  const endIfUnused = (): void => {
    if (end === undefined || users.size > 0) return;
    agent.destroy();
    end();
  };
  const ended = new Promise<void>((resolve) => {
    whenEnded = resolve;
  });
  return {
    agent,
    take: () => {
      const user = Symbol('request');
      users.add(user);
      return () => {
        if (users.delete(user)) endIfUnused();
      };
    },
    retire: () => {
      end = whenEnded;
      endIfUnused();
      return ended;
    },
  };
};

/**
 * Proxies: the way to a server that isn't reached directly.
 *
 * Owns: tunnels through HTTP CONNECT and SOCKS proxies, and which proxy an environment names. Neighbour: `connections.ts` lays
 * TLS over a tunnel, so that no proxy sees what passes.
 */
import type * as Http from 'node:http';
import type { Socket } from 'node:net';
import { BlockList, isIP } from 'node:net';

export type Target = { readonly host: string; readonly port: number };

const CONNECT_TIMEOUT_MILLIS = 5_000;

const authorityOf = ({ host, port }: Target): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

const authorizationOf = ({ username, password }: URL): Readonly<Record<string, string>> => {
  if (username === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
};

const connectTunnel = (proxy: URL, target: Target): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const authority = authorityOf(target);
    const { request: ask } = process.getBuiltinModule(proxy.protocol === 'https:' ? 'node:https' : 'node:http');
    const request = ask({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...authorizationOf(proxy) },
      agent: false,
      timeout: CONNECT_TIMEOUT_MILLIS,
    });
    request.once('connect', (response: Http.IncomingMessage, socket: Socket) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new Error(`Proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}`));
    });
    request.once('response', (response: Http.IncomingMessage) => {
      response.destroy();
      reject(new Error(`Proxy ${proxy.host} answered ${response.statusCode} to CONNECT ${authority}`));
    });
    request.once('timeout', () => request.destroy(new Error(`Proxy ${proxy.host} did not connect to ${authority}`)));
    request.once('error', reject);
    request.end();
  });

const SOCKS_PORT = 1080;

const socksTunnel = async (proxy: URL, target: Target): Promise<Socket> => {
  const { SocksClient } = await import('socks');
  const { username, password } = proxy;
  const user = username === '' ? {} : { userId: decodeURIComponent(username), password: decodeURIComponent(password) };
  const { socket } = await SocksClient.createConnection({
    command: 'connect',
    // The proxy looks the name up.
    destination: target,
    proxy: {
      host: proxy.hostname,
      port: Number(proxy.port) || SOCKS_PORT,
      type: proxy.protocol.startsWith('socks4') ? 4 : 5,
      ...user,
    },
    timeout: CONNECT_TIMEOUT_MILLIS,
  });
  return socket;
};

/** A connection to the target through a proxy, which is named by its URL. */
export const tunnelThrough = (proxy: string, target: Target): Promise<Socket> => {
  const url = new URL(proxy);
  if (/^https?:$/.test(url.protocol)) return connectTunnel(url, target);
  if (/^socks(4a?|5h?)?:$/.test(url.protocol)) return socksTunnel(url, target);
  return Promise.reject(
    new Error(
      `Proxy ${url.protocol}//${url.host} is of no known kind: name one that begins with http, https or socks5.`,
    ),
  );
};

type Environment = Readonly<Record<string, string | undefined>>;

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const isIn = (host: string, network: string): boolean => {
  const [address = '', prefix] = network.split('/');
  if (isIP(host) === 0 || isIP(address) !== isIP(host)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix ?? (isIP(address) === 6 ? 128 : 32)), familyOf(address));
  return list.check(host, familyOf(host));
};

/** A rule of `NO_PROXY`: `*`, an address, a network, a domain with all in it, or, after a dot, only what is in it. */
const isExcepted = (host: string, port: string, rule: string): boolean => {
  if (rule === '*') return true;
  if (isIP(rule) !== 0 || rule.includes('/')) return isIn(host, rule);
  const [name = '', onlyPort] = rule.replace(/^\*(?=\.)/, '').split(':');
  if (onlyPort !== undefined && onlyPort !== port) return false;
  return isIP(name) === 0 && !name.startsWith('.') ? host === name || host.endsWith(`.${name}`) : host.endsWith(name);
};

/** The proxy to a server that the environment names, as kubectl reads it: never one to this very computer. */
export const proxyIn = (environment: Environment, server: string): string | undefined => {
  const { protocol, hostname, port } = new URL(server);
  const secure = protocol === 'https:';
  const variable = (name: string): string | undefined =>
    environment[name] || environment[name.toLowerCase()] || undefined;
  const proxy = variable(secure ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === undefined) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (host === 'localhost' || (isIP(host) !== 0 && LOOPBACK.check(host, familyOf(host)))) return undefined;
  const rules = (variable('NO_PROXY') ?? '').split(',').map((rule) => rule.trim().toLowerCase());
  const asked = port === '' ? (secure ? '443' : '80') : port;
  if (rules.some((rule) => rule !== '' && isExcepted(host, asked, rule))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
};

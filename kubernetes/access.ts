/**
 * Access: the way to an API server that a kubeconfig names.
 *
 * Owns: putting together server, credentials and proxy. Neighbours: `kubeconfig.ts` chooses, `credentials.ts` proves,
 * `transport.ts` carries.
 */
import { createCredentials } from './credentials.ts';
import { type Chosen, chooseContext, type Location, type NotChosen } from './kubeconfig.ts';
import { proxyIn } from './proxies.ts';
import { type Credentials, createTransport, type Transport, type TransportSettings } from './transport.ts';

export type Access = {
  readonly kind: 'access';
  /** URL without a trailing slash. */
  readonly server: string;
  /** Name of the context, for messages. */
  readonly context: string;
  /** The namespace that the context names. */
  readonly namespace: string;
  readonly credentials: () => Promise<Credentials>;
  readonly proxy?: string;
};

/** Who asked says what it means, and what to do. */
export type Unusable = NotChosen | { readonly kind: 'unreadable'; readonly error: unknown };

type Environment = Readonly<Record<string, string | undefined>>;

const accessBy = ({ context, namespace, cluster, user }: Chosen, environment: Environment): Access => {
  const { server, proxyUrl, skipTLSVerify } = cluster;
  if (!server.startsWith('https://') && !(skipTLSVerify && server.startsWith('http://'))) {
    throw new Error(`${server} is no https:// URL, and http:// needs insecure-skip-tls-verify: true beside it`);
  }
  const proxy = proxyUrl || proxyIn(environment, server);
  return {
    kind: 'access',
    server,
    context,
    namespace,
    credentials: createCredentials(cluster, user),
    ...(proxy === undefined ? {} : { proxy }),
  };
};

/** The way that a location leads to, or why there is none. Nothing is asked of anybody yet. */
export const findAccess = (location: Location, environment: Environment = process.env): Access | Unusable => {
  try {
    const chosen = chooseContext(location, environment);
    return chosen.kind === 'chosen' ? accessBy(chosen, environment) : chosen;
  } catch (error) {
    return { kind: 'unreadable', error };
  }
};

export const transportTo = (
  { server, credentials, proxy }: Access,
  settings: Omit<TransportSettings, 'server' | 'credentials' | 'proxy'> = {},
): Transport => createTransport({ ...settings, server, credentials, ...(proxy === undefined ? {} : { proxy }) });

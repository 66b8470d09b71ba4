/**
 * The management API server: the choice of a kubeconfig and context, and plain GET requests to it.
 *
 * Owns: credentials as client-node reads them (files, tokens, exec plugins, in-cluster), and what a refusal says.
 * Neighbours: `management.ts` reads objects for people, `watcher/kubernetes-source.ts` lists and watches them.
 * client-node's own `Watch` gives up a quiet stream after thirty seconds, which is less than the server's bookmarks take,
 * and swallows what callbacks throw; hence no more of it than the authentication. It makes a dispatcher, and so a
 * connection, for each request: of no weight where requests are few and long; who asks often keeps it for a while.
 */
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { type Dispatcher, fetch, type Response } from 'undici';
import type { ClientConfiguration } from './configuration.ts';
import { messagesOf, SLIPWAY, UserError } from './user-error.ts';

/** The API server answered, and it was a refusal. */
export class ApiRefusal extends Error {
  readonly status: number;
  /** True when the object isn't there; false when even its kind is unknown to this server. */
  readonly absent: boolean;

  constructor(status: number, message: string, absent: boolean) {
    super(message);
    this.name = 'ApiRefusal';
    this.status = status;
    this.absent = absent;
  }
}

export type ApiServer = {
  /** URL without a trailing slash. */
  readonly url: string;
  /** Name of the context, for messages. */
  readonly context: string;
  /** The namespace that the context names. */
  readonly namespace: string;
  /** Throws an `ApiRefusal` for every status but 200. */
  readonly get: (path: string, query: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>;
};

type Location = Pick<ClientConfiguration, 'kubeconfig' | 'context'>;

const CURE = `Name the right one with --kubeconfig, SLIPWAY_KUBECONFIG or KUBECONFIG`;

/** Client-node's answer when there is nothing to read. */
const NOTHING = 'http://localhost:8080';

const loadFiles = (config: KubeConfig, list: string): void => {
  const files = list.split(delimiter).filter((path) => path !== '');
  // As kubectl does: of several, those that aren't there are passed over.
  const [first = list, ...rest] = files.length > 1 ? files.filter((path) => existsSync(path)) : files;
  config.loadFromFile(first);
  for (const path of rest) {
    const more = new KubeConfig();
    more.loadFromFile(path);
    config.mergeConfig(more, true);
  }
};

/** The kubeconfig with the context chosen. */
export const loadKubeConfig = ({ kubeconfig, context }: Location): KubeConfig => {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else loadFiles(config, kubeconfig);
  } catch (error) {
    const what = kubeconfig ?? 'that kubectl would use';
    throw new UserError(`The kubeconfig ${what} can't be read: ${messagesOf(error).join(': ')}. ${CURE}.`, {
      cause: error,
    });
  }
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new UserError(
        `The kubeconfig has no context "${context}" (it has ${known.join(', ') || 'none'}). Choose one with SLIPWAY_CONTEXT.`,
      );
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new UserError(
      `The kubeconfig ${kubeconfig ?? 'that kubectl would use'} has no current context, so the management API is unknown. ${CURE}, or choose a context with SLIPWAY_CONTEXT.`,
    );
  }
  if (kubeconfig === undefined && cluster.server === NOTHING) {
    throw new UserError(
      `No kubeconfig was found, so the management API is unknown. ${CURE}; a sandbox writes one: npm run sandbox -- up`,
    );
  }
  return config;
};

/** What a refusal's body says: a Kubernetes Status, or a line of text. */
const refusalOf = async (response: Response): Promise<ApiRefusal> => {
  const body = await response.text();
  type Status = { readonly message?: unknown; readonly details?: { readonly name?: unknown } };
  let status: Status = {};
  if (response.headers.get('content-type')?.startsWith('application/json')) status = JSON.parse(body) as Status;
  const said = typeof status.message === 'string' ? status.message : body.trim().slice(0, 200);
  const absent = response.status === 404 && typeof status.details?.name === 'string';
  return new ApiRefusal(response.status, `HTTP ${response.status}: ${said || response.statusText}`, absent);
};

type Access = { readonly headers: Record<string, string>; readonly dispatcher: Dispatcher | undefined };

/** Headers and connections for requests: made for each, or kept for a while, below the life of any credentials. */
const accessTo = (config: KubeConfig, url: string, keepMs: number): (() => Promise<Access>) => {
  let kept: { readonly access: Promise<Access>; readonly until: number } | undefined;
  const make = async (): Promise<Access> => {
    const request = new RequestContext(url, HttpMethod.GET);
    await config.applySecurityAuthentication(request);
    return { headers: request.getHeaders(), dispatcher: request.getDispatcher() };
  };
  return async () => {
    if (keepMs === 0) return make();
    if (kept === undefined || kept.until <= Date.now()) {
      // What still runs on the old connections ends there; access that could not be had needs no end.
      void kept?.access.then(({ dispatcher }) => dispatcher?.close()).catch(() => undefined);
      kept = { access: make(), until: Date.now() + keepMs };
    }
    const current = kept;
    try {
      return await current.access;
    } catch (error) {
      if (kept === current) kept = undefined;
      throw error;
    }
  };
};

export const connectApiServer = (config: KubeConfig, { keepMs = 0 } = {}): ApiServer => {
  const url = (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
  const context = config.getCurrentContext();
  const access = accessTo(config, url, keepMs);
  return {
    url,
    context,
    namespace: config.getContextObject(context)?.namespace ?? 'default',
    get: async (path, query, signal) => {
      const target = `${url}${path}?${new URLSearchParams(query).toString()}`;
      const { headers, dispatcher } = await access();
      const response = await fetch(target, {
        headers: { ...headers, accept: 'application/json' },
        signal,
        ...(dispatcher === undefined ? {} : { dispatcher }),
      });
      if (response.status !== 200) throw await refusalOf(response);
      return response;
    },
  };
};

/** A refusal, or the lack of an answer, in words for the person who asked for `what`. */
export const explain = (error: unknown, what: string, api: Pick<ApiServer, 'url' | 'context'>): Error => {
  const where = `The API server ${api.url} (context "${api.context}")`;
  if (!(error instanceof ApiRefusal)) {
    return new UserError(
      `${where} did not answer for ${what}: ${messagesOf(error).join(': ')}. Is it up (npm run sandbox -- status), and is it the right one? ${CURE}.`,
      { cause: error },
    );
  }
  if (error.absent) return new UserError(`${what} was not found. See what there is: ${SLIPWAY} clusters list -A`);
  switch (error.status) {
    case 404:
      return new UserError(
        `${where} doesn't know ${what}: it isn't the management API, or its CRDs are missing (kubectl apply -f deploy/crds). ${CURE}, or choose a context with SLIPWAY_CONTEXT.`,
      );
    case 401:
    case 403:
      return new UserError(
        `${where} refused to show ${what}: ${error.message}. Check the user of that context in your kubeconfig.`,
      );
    default:
      return new UserError(`${where} could not show ${what}: ${error.message}. Try again in a moment.`);
  }
};

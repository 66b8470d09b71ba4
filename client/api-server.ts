/**
 * The management API server: the choice of a kubeconfig and context, and plain GET requests to it.
 *
 * Owns: credentials as client-node reads them (files, tokens, exec plugins, in-cluster). Neighbours: `refusal.ts` knows what
 * a refusal says, `watcher/kubernetes-source.ts` lists and watches; what people wait for goes through `api-reader.ts`, which
 * comes here only for what is rare, since client-node and its thousand models take most of a second to load.
 * client-node's own `Watch` gives up a quiet stream after thirty seconds, which is less than the server's bookmarks take,
 * and swallows what callbacks throw; hence no more of it than the authentication. It makes a dispatcher, and so a
 * connection, for each request: of no weight where requests are few and long; who asks often keeps it for a while.
 */
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { HttpMethod, KubeConfig, RequestContext } from '@kubernetes/client-node';
import { type Dispatcher, fetch, type Response } from 'undici';
import type { ClientConfiguration } from './configuration.ts';
import { CURE, refusalOf } from './refusal.ts';
import { messagesOf, UserError } from './user-error.ts';

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
      if (response.status === 200) return response;
      const { status, statusText, headers: said } = response;
      throw refusalOf({ status, statusText, contentType: said.get('content-type') ?? '', body: await response.text() });
    },
  };
};

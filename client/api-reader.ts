/**
 * The API server as people's commands read it: single GETs, without loading what would take longer than the answer.
 *
 * Owns: the choice between the quick way and client-node's, and the quick way's request. Neighbours: `plain-access.ts` reads
 * kubeconfigs for the quick way, `api-server.ts` is the other one; `management.ts` reads objects.
 */
import type { ClientConfiguration } from './configuration.ts';
import { type PlainAccess, plainAccess } from './plain-access.ts';
import { type Answered, refusalOf } from './refusal.ts';

export type ApiReader = {
  /** URL without a trailing slash. */
  readonly url: string;
  /** Name of the context, for messages. */
  readonly context: string;
  /** The namespace that the context names. */
  readonly namespace: string;
  /** The JSON at a path. Throws an `ApiRefusal` for every status but 200. */
  readonly read: (path: string, signal: AbortSignal) => Promise<unknown>;
};

type Location = Pick<ClientConfiguration, 'kubeconfig' | 'context'>;

/** Who gives up on an answer doesn't wait for a plugin either, which may be asking the person something. */
const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });

const get = async ({ url, credentials }: PlainAccess, path: string, signal: AbortSignal): Promise<Answered> => {
  const { request } = await (url.startsWith('https:') ? import('node:https') : import('node:http'));
  const { headers, ...tls } = await Promise.race([credentials(), abortOf(signal)]);
  return new Promise((fulfil, reject) => {
    const asked = request(
      `${url}${path}`,
      { ...tls, headers: { ...headers, accept: 'application/json' }, agent: false, signal },
      (answer) => {
        const { statusCode = 0, statusMessage = '', headers: said } = answer;
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () =>
          fulfil({
            status: statusCode,
            statusText: statusMessage,
            contentType: said['content-type'] ?? '',
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    asked.once('error', reject);
    asked.end();
  });
};

const quickly = (access: PlainAccess): ApiReader => ({
  ...access,
  read: async (path, signal) => {
    const answered = await get(access, path, signal);
    if (answered.status !== 200) throw refusalOf(answered);
    return JSON.parse(answered.body);
  },
});

const withAllOfClientNode = async (location: Location): Promise<ApiReader> => {
  const { connectApiServer, loadKubeConfig } = await import('./api-server.ts');
  const { url, context, namespace, get: ask } = connectApiServer(loadKubeConfig(location));
  return { url, context, namespace, read: async (path, signal) => (await ask(path, {}, signal)).json() };
};

/** Throws a `UserError` where no kubeconfig, or no usable one, is found. */
export const openApiReader = async (location: Location): Promise<ApiReader> => {
  const access = plainAccess(location);
  return access === undefined ? withAllOfClientNode(location) : quickly(access);
};

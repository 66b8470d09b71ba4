/**
 * Kubernetes: a thin client for the API server, over a client certificate or a token.
 *
 * Owns: requests as JSON, and a watch as a stream of events. The vendor's client costs a second of CPU to load, and a
 * machine needs five calls. Neighbours: `node.ts` and `node-approver.ts`.
 */
import { open, secureAgent, send } from './http.ts';

export type Answer = { readonly status: number; readonly body: unknown };

type WatchEvent = { readonly type: string; readonly object: unknown };

export type Kubernetes = {
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Events until the server ends the watch, which it does every few minutes. */
  watch(path: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  close(): void;
};

export type Credentials =
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string }
  | { readonly kind: 'token'; readonly token: string };

const TIMEOUT_MILLIS = 8_000;

/** What a Status object, or any other body, says went wrong. */
export const reasonOf = (answer: Answer): string => {
  const { body } = answer;
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  return message === '' ? `HTTP ${answer.status}` : `HTTP ${answer.status}: ${message}`;
};

const contentTypeOf = (method: string): string =>
  method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json';

/**
 * Read from the stream itself: a line reader leaves a broken connection's error to nobody, which ends the process. What follows
 * the last line break is no line yet.
 */
async function* linesOf(stream: AsyncIterable<string>): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

export const createKubernetes = (options: {
  readonly server: string;
  readonly authority: string;
  readonly credentials: Credentials;
  readonly proxy?: string;
}): Kubernetes => {
  const { server, credentials } = options;
  const agent = secureAgent({
    authority: options.authority,
    ...(credentials.kind === 'certificate'
      ? { identity: { certificate: credentials.certificate, key: credentials.key } }
      : {}),
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
  });
  const headers = {
    accept: 'application/json',
    'user-agent': 'slipway-agent',
    ...(credentials.kind === 'token' ? { authorization: `Bearer ${credentials.token}` } : {}),
  };
  return {
    call: async (method, path, body) => {
      const response = await send({
        url: `${server}${path}`,
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': contentTypeOf(method) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        agent,
        timeoutMillis: TIMEOUT_MILLIS,
      });
      let parsed: unknown;
      try {
        parsed = response.body === '' ? undefined : JSON.parse(response.body);
      } catch {
        // A proxy or a server that is going down answers with text.
        parsed = { message: response.body.slice(0, 200) };
      }
      return { status: response.status, body: parsed };
    },
    async *watch(path, signal) {
      const response = await open({ url: `${server}${path}`, headers, agent, timeoutMillis: TIMEOUT_MILLIS, signal });
      if (response.statusCode !== 200) {
        response.destroy();
        throw new Error(`Watching ${path} was refused: HTTP ${response.statusCode}`);
      }
      try {
        response.setEncoding('utf8');
        for await (const line of linesOf(response)) if (line !== '') yield JSON.parse(line) as WatchEvent;
      } finally {
        response.destroy();
      }
    },
    close: () => agent.destroy(),
  };
};

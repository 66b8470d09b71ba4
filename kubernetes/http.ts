/**
 * HTTP: one request over Node's own client, because a dozen agents share one computer in the sandbox, and because people wait
 * for `slipway`: each must start fast.
 *
 * Owns: deadlines, giving up, and how long an answer may be. Neighbours: `connections.ts` makes the connections that are kept,
 * `transport.ts` speaks to API servers; an agent's metadata service, etcd and probes are spoken to with this alone.
 * Invariant: I8 (what went wrong is told by the server's address, never by a query, a header or a body).
 */
import type * as Http from 'node:http';
import type * as Https from 'node:https';

export type HttpRequest = {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Http.Agent | Https.Agent;
  /** From the beginning to the last byte of the answer; where it is only opened, to its head. */
  readonly timeoutMillis?: number;
  /** Until a new connection is there, its TLS included. */
  readonly connectMillis?: number;
  /** An answer that is longer is no answer; by default one that only a mistake could be. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
};

const MAX_BYTES = 64 * 1024 * 1024;

export type HttpResponse = {
  readonly status: number;
  readonly headers: Http.IncomingHttpHeaders;
  readonly body: string;
};

/** An `import` of node:http evaluates all its exports, WebSocket among them: 60 ms and 15 MB for a browser's API. */
const clientFor = (url: string) => process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');

/** Destroys what takes longer; the answer calls that off. */
const limit = (
  what: { readonly destroy: (error: Error) => unknown },
  millis: number | undefined,
  why: () => string,
): (() => void) => {
  if (millis === undefined) return () => undefined;
  const timer = setTimeout(() => what.destroy(new Error(why())), millis);
  return () => clearTimeout(timer);
};

const limitConnecting = (outgoing: Http.ClientRequest, { url, connectMillis }: HttpRequest): void => {
  outgoing.once('socket', (socket) => {
    const secure = url.startsWith('https:');
    if (outgoing.reusedSocket || (!secure && !socket.connecting)) return;
    const callOff = limit(
      outgoing,
      connectMillis,
      () => `no connection to ${new URL(url).origin} within ${connectMillis} ms`,
    );
    socket.once(secure ? 'secureConnect' : 'connect', callOff);
    outgoing.once('close', callOff);
  });
};

/** Who gave up knows why; what else is said then only follows from it. */
const failure = (error: unknown, signal: AbortSignal | undefined): Error =>
  (signal?.aborted === true ? signal.reason : error) as Error;

/** Opens a request and hands over the answer as a stream; the caller reads it. */
export const open = (request: HttpRequest): Promise<Http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { url, method = 'GET', headers, body, agent, signal, timeoutMillis } = request;
    const length = body === undefined ? {} : { 'content-length': `${Buffer.byteLength(body)}` };
    const outgoing = clientFor(url).request(url, {
      method,
      headers: { ...headers, ...length },
      ...(agent === undefined ? {} : { agent }),
      ...(signal === undefined ? {} : { signal }),
    });
    const callOff = limit(
      outgoing,
      timeoutMillis,
      () => `${new URL(url).origin} did not answer within ${timeoutMillis} ms`,
    );
    limitConnecting(outgoing, request);
    outgoing.once('response', (response) => {
      callOff();
      resolve(response);
    });
    // It may fail more than once; what comes after the answer is the answer's to report.
    outgoing.on('error', (error) => {
      callOff();
      reject(failure(error, signal));
    });
    outgoing.end(body);
  });

/** The whole answer, unless it is too long or ends too late. */
export const bodyOf = async (
  response: Http.IncomingMessage,
  { url, maxBytes = MAX_BYTES, timeoutMillis, signal }: HttpRequest,
  leftMillis = timeoutMillis,
): Promise<string> => {
  const { origin } = new URL(url);
  const callOff = limit(response, leftMillis, () => `${origin} did not finish its answer within ${timeoutMillis} ms`);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) throw new Error(`${origin} answered with more than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw failure(error, signal);
  } finally {
    callOff();
  }
};

export const send = async (request: HttpRequest): Promise<HttpResponse> => {
  const began = Date.now();
  const response = await open(request);
  const { timeoutMillis } = request;
  const left = timeoutMillis === undefined ? undefined : Math.max(1, timeoutMillis - (Date.now() - began));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: await bodyOf(response, request, left),
  };
};

/**
 * Lines of a stream. Read from the stream itself: a line reader leaves a broken connection's error to nobody, which ends the
 * process. What follows the last line break is no line yet: it is completed by the next chunk, or cut off with the connection.
 */
export async function* linesOf(stream: Http.IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
}

/**
 * Calls: a request to an API server, and its answer or the error that stands for it.
 *
 * Owns: reading answers, and what a refusal is worth by a server that has just started. Neighbours: `transport.ts` carries
 * requests, `errors.ts` words refusals, `client.ts` knows what to ask.
 * Invariant: I12 (silence, and the word of somebody who is no API server, are errors, never an answer).
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { parsedJson } from '../words/json.ts';
import { isRefusedByRoles, refused, unanswered, unintelligible } from './errors.ts';
import type { HttpAnswer, HttpRequest, Transport } from './transport.ts';

const STARTING = JSON.stringify({
  kind: 'Status',
  reason: 'ServiceUnavailable',
  message: 'the API server is starting, and knows no roles yet',
});

const isObject = (value: unknown): value is KubernetesObject =>
  typeof value === 'object' && value !== null && 'kind' in value && 'metadata' in value;

/** Carries requests of one server. The words say in errors what was asked: `get`, `Secret default/a`. */
export type Asking = {
  readonly server: string;
  readonly ask: (verb: string, object: string, request: HttpRequest) => Promise<HttpAnswer>;
  /** The body of an answer that isn't a refusal. */
  readonly send: (verb: string, object: string, request: HttpRequest) => Promise<unknown>;
  readonly sendObject: (verb: string, object: string, request: HttpRequest) => Promise<KubernetesObject>;
  /** The lines of an answer that goes on and on. */
  readonly stream: (verb: string, object: string, request: HttpRequest) => Promise<AsyncIterable<string>>;
};

export const createAsking = (transport: Transport): Asking => {
  const { server } = transport;

  const answered = async <T>(verb: string, object: string, signal: AbortSignal | undefined, answer: Promise<T>) => {
    try {
      return await answer;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw unanswered({ verb, object, server }, error);
    }
  };
  const askOnce: Asking['ask'] = (verb, object, request) =>
    answered(verb, object, request.signal, transport.send(request));

  /** An API server that has just started knows no roles yet, and refuses whoever lives on them until it is ready. */
  const ask: Asking['ask'] = async (verb, object, request) => {
    const answer = await askOnce(verb, object, request);
    if (answer.status !== 403 || !isRefusedByRoles(parsedJson(answer.text))) return answer;
    const { signal } = request;
    const probe: HttpRequest = { method: 'GET', path: '/readyz', ...(signal === undefined ? {} : { signal }) };
    const { status } = await askOnce('look at', probe.path, probe);
    return status === 200 ? askOnce(verb, object, request) : { status: 503, text: STARTING };
  };

  const send: Asking['send'] = async (verb, object, request) => {
    const answer = await ask(verb, object, request);
    const body = parsedJson(answer.text);
    if (answer.status < 200 || answer.status > 299) throw refused({ verb, object, server, ...answer, body });
    return body;
  };

  return {
    server,
    ask,
    send,
    sendObject: async (verb, object, request) => {
      const body = await send(verb, object, request);
      if (isObject(body)) return body;
      throw unintelligible({ verb, object, server });
    },
    stream: async (verb, object, request) => {
      const answer = await answered(verb, object, request.signal, transport.stream(request));
      if ('lines' in answer) return answer.lines;
      throw refused({ verb, object, server, ...answer, body: parsedJson(answer.text) });
    },
  };
};

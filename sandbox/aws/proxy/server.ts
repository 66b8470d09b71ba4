/**
 * Proxy: what every AWS client of the sandbox talks to. It forwards to moto, records each call, and makes the faults that
 * only a network can make.
 *
 * Owns: forwarding, the control door `/_proxy/…`, and which account an access key belongs to.
 *   GET    /_proxy/calls?since=N[&mutating=true]   {next, calls}
 *   GET | POST | DELETE /_proxy/faults             standing faults; one more (see `faults.ts`); none any more
 *   GET    /_proxy/health
 * Neighbours: moto answers; `/_sim/…` goes through to it unrecorded, since that is the sandbox talking to itself.
 */

import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostPort } from '../../layout.ts';
import type { Call } from './call.ts';
import { accessKeyOf, callOf, errorAnswer, errorCodeOf } from './call.ts';
import type { StandingFault } from './faults.ts';
import { createFaults, faultSchema, throttleCodeOf } from './faults.ts';
import type { CallRecord } from './record.ts';

export type ProxyOptions = {
  readonly listen: HostPort;
  readonly moto: HostPort;
  readonly record: CallRecord;
  /** Access key id -> account; every other key is the sandbox's own account. */
  readonly accounts: Readonly<Record<string, string>>;
};

export type Proxy = { readonly address: HostPort; readonly close: () => Promise<void> };

type Outcome = { readonly status: number; readonly error?: string };

/** Query and JSON requests are read whole, for the operation stands in the body; an object for S3 may be large. */
const LARGEST_READ = 4 * 1024 * 1024;

const readBody = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const contentTypeOf = (message: IncomingMessage): string => message.headers['content-type'] ?? '';

const isReadWhole = (message: IncomingMessage): boolean =>
  /x-www-form-urlencoded|x-amz-json|application\/json/.test(contentTypeOf(message)) &&
  Number(message.headers['content-length'] ?? 0) <= LARGEST_READ;

/** A connection's headers concern that connection alone: moto closes each of its own, our callers keep theirs. */
const withoutConnection = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const { connection: _, 'keep-alive': __, ...rest } = headers;
  return rest;
};

const answerJson = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
};

export const startProxy = async (options: ProxyOptions): Promise<Proxy> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const faults = createFaults();

  /** Sends the request on. `lose`: moto carries it out, but the caller never hears. */
  const forward = (message: IncomingMessage, response: ServerResponse, body: Buffer | undefined, lose: boolean) =>
    new Promise<Outcome>((resolve) => {
      const account = options.accounts[accessKeyOf(message.headers)];
      const outgoing = request({
        host: options.moto.host,
        port: options.moto.port,
        agent,
        method: message.method,
        path: message.url,
        headers: {
          ...withoutConnection(message.headers),
          ...(account === undefined ? {} : { 'x-moto-account-id': account }),
        },
      });
      outgoing.on('error', (error) => {
        if (!response.headersSent) answerJson(response, 502, { message: `moto did not answer: ${error.message}` });
        else response.destroy();
        resolve({ status: 502, error: 'MotoUnreachable' });
      });
      outgoing.on('response', (incoming) => {
        const status = incoming.statusCode ?? 502;
        const start: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => {
          if (status >= 400) start.push(chunk);
        });
        incoming.on('end', () => {
          if (lose) response.destroy();
          const error = errorCodeOf(Buffer.concat(start).toString());
          resolve({ status, ...(error === undefined ? {} : { error }) });
        });
        incoming.on('error', (error) => {
          response.destroy();
          resolve({ status: 502, error: error.message });
        });
        if (!lose) {
          response.writeHead(status, withoutConnection(incoming.headers));
          incoming.pipe(response);
        }
      });
      // Only while it is being sent: a caller that gives up later must not undo what moto already does.
      message.on('error', () => outgoing.destroy());
      if (body === undefined) message.pipe(outgoing);
      else outgoing.end(body);
    });

  const refuse = (message: IncomingMessage, response: ServerResponse, call: Call, fault: StandingFault): Outcome => {
    const throttled = throttleCodeOf(call.service);
    const code = fault.code ?? (fault.kind === 'throttle' ? throttled.code : 'InternalFailure');
    const status =
      fault.status ?? (fault.kind === 'throttle' ? throttled.status : fault.code === undefined ? 500 : 400);
    const text = fault.message ?? 'a fault of the sandbox, as ordered';
    const answer = errorAnswer(call, contentTypeOf(message), code, text);
    response.writeHead(status, { 'content-type': answer.contentType, 'x-amzn-errortype': code });
    response.end(answer.body);
    return { status, error: code };
  };

  const answer = async (
    message: IncomingMessage,
    response: ServerResponse,
    call: Call,
    body: Buffer | undefined,
    fault: StandingFault | undefined,
  ): Promise<Outcome> => {
    switch (fault?.kind) {
      case undefined:
      case 'delay':
        return forward(message, response, body, false);
      case 'lost-answer':
        return { ...(await forward(message, response, body, true)), error: 'LostAnswer' };
      case 'reset':
        response.destroy();
        return { status: 0, error: 'ConnectionReset' };
      case 'timeout': {
        const abandoned = new AbortController();
        response.once('close', () => abandoned.abort());
        // It rejects only when the client has gone, which ends the wait, too.
        await delay(fault.ms ?? 2 ** 31 - 1, undefined, { signal: abandoned.signal }).catch(() => undefined);
        response.destroy();
        return { status: 0, error: 'Timeout' };
      }
      case 'throttle':
      case 'error':
        return refuse(message, response, call, fault);
    }
  };

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = message.url ?? '/';
    if (path.startsWith('/_proxy/')) return control(message, response, path);
    if (path.startsWith('/_sim/') || path.startsWith('/moto-api/')) {
      await forward(message, response, undefined, false);
      return;
    }
    const started = performance.now();
    const time = new Date().toISOString();
    const body = isReadWhole(message) ? await readBody(message) : undefined;
    const call = callOf(message.method ?? 'GET', path, message.headers, body?.toString());
    const { delayMs, fault } = faults.take(call);
    if (delayMs > 0) await delay(delayMs);
    const outcome = await answer(message, response, call, body, fault);
    const ms = Math.round((performance.now() - started) * 10) / 10;
    options.record.add({ time, ...call, ...outcome, ms, ...(fault === undefined ? {} : { fault: fault.kind }) });
  };

  const control = async (message: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const url = new URL(path, 'http://proxy');
    switch (`${message.method} ${url.pathname}`) {
      case 'GET /_proxy/health':
        return answerJson(response, 200, { ok: true });
      case 'GET /_proxy/calls': {
        const { next, calls } = options.record.since(Number(url.searchParams.get('since') ?? 0));
        const onlyMutating = url.searchParams.get('mutating') === 'true';
        return answerJson(response, 200, { next, calls: onlyMutating ? calls.filter((call) => call.mutating) : calls });
      }
      case 'GET /_proxy/faults':
        return answerJson(response, 200, faults.list());
      case 'DELETE /_proxy/faults':
        faults.clear();
        return answerJson(response, 200, []);
      case 'POST /_proxy/faults': {
        const parsed = faultSchema.safeParse(JSON.parse((await readBody(message)).toString()));
        if (parsed.success) return answerJson(response, 200, faults.add(parsed.data));
        return answerJson(response, 400, { message: parsed.error.message });
      }
      default:
        return answerJson(response, 404, { message: `there is no ${message.method} ${url.pathname}` });
    }
  };

  const server: Server = createServer((message, response) => {
    serve(message, response).catch((error: unknown) => {
      // The caller went away, or sent what is no request at all: the next call is served all the same.
      console.error(`aws: ${message.method} ${message.url} was not served: ${String(error)}`);
      if (!response.headersSent && !response.destroyed) answerJson(response, 400, { message: String(error) });
    });
  });
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.listen.port, options.listen.host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      agent.destroy();
      await options.record.close();
    },
  };
};

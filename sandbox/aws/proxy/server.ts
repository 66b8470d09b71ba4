/**
 * Proxy: what every AWS client of the sandbox talks to. It forwards to moto, records each call, and makes the faults that
 * only a network can make.
 *
 * Owns: which requests go on and which meet a fault, and the control door `/_proxy/…`.
 *   GET    /_proxy/calls?since=N[&mutating=true]   {next, calls}
 *   GET | POST | DELETE /_proxy/faults             standing faults; one more (see `faults.ts`); none any more
 *   GET    /_proxy/health
 * Neighbours: `forward.ts` asks moto; `/_sim/…` goes through to it unrecorded, since that is the sandbox talking to itself.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HostPort } from '../../layout.ts';
import type { Call } from './call.ts';
import { callOf, errorAnswer } from './call.ts';
import type { Faults, StandingFault } from './faults.ts';
import { createFaults, faultSchema, throttleCodeOf } from './faults.ts';
import { answerJson, connectMoto, type Exchange, type Moto, type Outcome } from './forward.ts';
import type { CallRecord } from './record.ts';
import { madeBy, makes, type Requests } from './requests.ts';

export type ProxyOptions = {
  readonly listen: HostPort;
  readonly moto: HostPort;
  readonly record: CallRecord;
  /** Where requests are kept with their parameters; absent: nowhere. */
  readonly requests?: Requests;
  /** Access key id -> account; every other key is the sandbox's own account. */
  readonly accounts: Readonly<Record<string, string>>;
};

export type Proxy = { readonly address: HostPort; readonly close: () => Promise<void> };

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

const refuse = ({ message, response }: Exchange, call: Call, fault: StandingFault): Outcome => {
  const throttled = throttleCodeOf(call.service);
  const code = fault.code ?? (fault.kind === 'throttle' ? throttled.code : 'InternalFailure');
  const status = fault.status ?? (fault.kind === 'throttle' ? throttled.status : fault.code === undefined ? 500 : 400);
  const text = fault.message ?? 'a fault of the sandbox, as ordered';
  const answer = errorAnswer(call, contentTypeOf(message), code, text);
  response.writeHead(status, { 'content-type': answer.contentType, 'x-amzn-errortype': code });
  response.end(answer.body);
  return { status, error: code };
};

/** Answers as moto does, or as the fault says. */
const answer = async (
  moto: Moto,
  exchange: Exchange,
  call: Call,
  fault: StandingFault | undefined,
): Promise<Outcome> => {
  const { response } = exchange;
  switch (fault?.kind) {
    case undefined:
    case 'delay':
      return moto.forward(exchange, false);
    case 'lost-answer':
      return { ...(await moto.forward(exchange, true)), error: 'LostAnswer' };
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
      return refuse(exchange, call, fault);
  }
};

const control = async ({ message, response }: Exchange, record: CallRecord, faults: Faults): Promise<void> => {
  const url = new URL(message.url ?? '/', 'http://proxy');
  switch (`${message.method} ${url.pathname}`) {
    case 'GET /_proxy/health':
      return answerJson(response, 200, { ok: true });
    case 'GET /_proxy/calls': {
      const { next, calls } = record.since(Number(url.searchParams.get('since') ?? 0));
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

/** One call, and how it ended, for whoever judges it later. */
const keep = (requests: Requests, { message, body }: Exchange, call: Call, { error, answer: text }: Outcome): void => {
  const { service, operation, accessKey, region } = call;
  const userAgent = message.headers['user-agent'];
  const made = text === undefined ? undefined : madeBy(call, text);
  requests.keep({
    ...{ service, operation, accessKey, region, path: message.url ?? '/', body: body?.toString() ?? '' },
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(error === undefined ? {} : { error }),
    ...(made === undefined ? {} : { made }),
  });
};

export const startProxy = async (options: ProxyOptions): Promise<Proxy> => {
  const { listen, moto: motoAt, record, requests, accounts } = options;
  const moto = connectMoto(motoAt, accounts);
  const faults = createFaults();

  const serve = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = message.url ?? '/';
    if (path.startsWith('/_proxy/')) return control({ message, response }, record, faults);
    if (path.startsWith('/_sim/') || path.startsWith('/moto-api/')) {
      await moto.forward({ message, response }, false);
      return;
    }
    const started = performance.now();
    const time = new Date().toISOString();
    const body = isReadWhole(message) ? await readBody(message) : undefined;
    const call = callOf(message.method ?? 'GET', path, message.headers, body?.toString());
    const { delayMs, fault } = faults.take(call);
    if (delayMs > 0) await delay(delayMs);
    const exchange = { message, response, body, read: requests !== undefined && makes(call) };
    const outcome = await answer(moto, exchange, call, fault);
    const ms = Math.round((performance.now() - started) * 10) / 10;
    if (requests !== undefined) keep(requests, exchange, call, outcome);
    const { answer: _, ...known } = outcome;
    record.add({ time, ...call, ...known, ms, ...(fault === undefined ? {} : { fault: fault.kind }) });
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
    server.listen(listen.port, listen.host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      moto.close();
      await record.close();
      requests?.close();
    },
  };
};

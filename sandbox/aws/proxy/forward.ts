/**
 * Forward: a request goes on to moto as it came, and moto's answer back.
 *
 * Owns: the connections to moto, and what the record is told of an answer. Neighbours: `server.ts` says which requests go on,
 * and which answers are lost on their way.
 */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { HostPort } from '../../layout.ts';
import { accessKeyOf, errorCodeOf } from './call.ts';

export type Outcome = {
  readonly status: number;
  readonly error?: string;
  /** The answer itself, where it was asked for. */
  readonly answer?: string;
};

/** A request as it came, and whom its answer is for. */
export type Exchange = {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Of a request that was read whole. */
  readonly body?: Buffer | undefined;
  /** Whether somebody reads the answer. */
  readonly read?: boolean;
};

export type Moto = {
  /** Sends the request on. `lose`: moto carries it out, but the caller never hears. */
  readonly forward: (exchange: Exchange, lose: boolean) => Promise<Outcome>;
  readonly close: () => void;
};

export const answerJson = (response: ServerResponse, status: number, value: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
};

/** A connection's headers concern that connection alone: moto closes each of its own, our callers keep theirs. */
const withoutConnection = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const { connection: _, 'keep-alive': __, ...rest } = headers;
  return rest;
};

/** Passes an answer on, or loses it; resolves at its end. */
const passOn = (incoming: IncomingMessage, { response, read = false }: Exchange, lose: boolean): Promise<Outcome> =>
  new Promise((resolve) => {
    const status = incoming.statusCode ?? 502;
    const start: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => {
      if (status >= 400 || read) start.push(chunk);
    });
    incoming.on('end', () => {
      if (lose) response.destroy();
      const answer = Buffer.concat(start).toString();
      const error = status >= 400 ? errorCodeOf(answer) : undefined;
      resolve({ status, ...(error === undefined ? {} : { error }), ...(read ? { answer } : {}) });
    });
    incoming.on('error', (error) => {
      response.destroy();
      resolve({ status: 502, error: error.message });
    });
    if (lose || response.destroyed) return;
    response.writeHead(status, withoutConnection(incoming.headers));
    incoming.pipe(response);
    // Without a caller nobody would read on: the call was carried out all the same, and is to be recorded.
    response.once('close', () => incoming.resume());
  });

/** `accounts`: access key id -> account; every other key is the sandbox's own account. */
export const connectMoto = ({ host, port }: HostPort, accounts: Readonly<Record<string, string>>): Moto => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    forward: (exchange, lose) =>
      new Promise((resolve) => {
        const { message, response, body } = exchange;
        const { method, url: path } = message;
        const account = accounts[accessKeyOf(message.headers, path ?? '/')];
        const headers = {
          ...withoutConnection(message.headers),
          ...(account === undefined ? {} : { 'x-moto-account-id': account }),
        };
        const outgoing = request({ host, port, agent, method, path, headers });
        outgoing.on('error', (error) => {
          if (!response.headersSent) answerJson(response, 502, { message: `moto did not answer: ${error.message}` });
          else response.destroy();
          resolve({ status: 502, error: 'MotoUnreachable' });
        });
        outgoing.on('response', (incoming) => void passOn(incoming, exchange, lose).then(resolve));
        // Only while it is being sent: a caller that gives up later must not undo what moto already does.
        message.on('error', () => outgoing.destroy());
        if (body === undefined) message.pipe(outgoing);
        else outgoing.end(body);
      }),
    close: () => agent.destroy(),
  };
};

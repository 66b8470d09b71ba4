/**
 * Server: HTTPS for the API server (`POST /validate`) and for probes (`GET /healthz`).
 *
 * Owns: connections, limits and the log line of each refusal. What can't be judged is answered with an error, never with
 * a yes or a no: the webhook's failurePolicy then decides. Neighbours: `review.ts` answers; `certificate.ts` renews.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { wholeMessageOf } from '../../words/failure.ts';
import { ended } from '../../words/text.ts';
import { type CertificateFiles, followCertificate, readCertificate } from './certificate.ts';
import type { Judge } from './judge.ts';
import { answerReview, NotAReview, type Reviewed } from './review.ts';

export type ServerSettings = {
  readonly host: string;
  readonly port: number;
  readonly files: CertificateFiles;
  readonly judge: Judge;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** How often the certificate's files are looked at. */
  readonly lookMs?: number;
};

export type AdmissionServer = { readonly port: number; readonly close: () => Promise<void> };

const LOOK_MS = 5_000;
/** A review holds an object twice, and the API server takes none of more than 3 MiB. */
const MOST_BYTES = 8 << 20;
const DEADLINE_MS = 10_000;
/**
 * Longer than an API server keeps a connection that it doesn't use, which is 90 s: a review over one that is closed at that moment
 * fails, and with it what somebody applied. Node.js closes after five by itself.
 * https://github.com/kubernetes/apimachinery/blob/master/pkg/util/net/http.go (SetTransportDefaults)
 */
const IDLE_MS = 120_000;

class TooLarge extends Error {}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new TooLarge(`the body is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const reply = (response: ServerResponse, status: number, body: string, type = 'text/plain'): void => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
};

const tell = (log: ServerSettings['log'], { asked, answer }: Reviewed): void => {
  if (asked === undefined || answer.response.allowed) return;
  const { kind, operation, namespace, name, username } = asked;
  log.info({ kind, operation, namespace, name, username, why: answer.response.status?.message }, 'Refused');
};

const statusFor = (error: unknown): number =>
  error instanceof NotAReview ? 400 : error instanceof TooLarge ? 413 : 500;

const validate = async ({ judge, log }: ServerSettings, request: IncomingMessage, response: ServerResponse) => {
  try {
    const reviewed = await answerReview(await bodyOf(request), judge);
    tell(log, reviewed);
    reply(response, 200, JSON.stringify(reviewed.answer), 'application/json');
  } catch (error) {
    const why = wholeMessageOf(error);
    log.error({ why }, 'A request could not be judged');
    reply(response, statusFor(error), `Slipway's admission could not judge this: ${ended(why)} Try again in a moment.`);
  }
};

/** Probes have no certificate; whoever wants a judgement needs one where an authority is given. */
const isTrusted = ({ files }: ServerSettings, request: IncomingMessage): boolean =>
  files.clientAuthority === undefined || (request.socket as TLSSocket).authorized;

const handle = (settings: ServerSettings, request: IncomingMessage, response: ServerResponse): void => {
  const path = request.url?.split('?')[0];
  if (request.method === 'GET' && path === '/healthz') reply(response, 200, 'ok');
  else if (request.method === 'POST' && path === '/validate') {
    if (isTrusted(settings, request)) void validate(settings, request, response);
    else reply(response, 401, 'A client certificate is needed: see SLIPWAY_ADMISSION_CLIENT_CA.');
  } else reply(response, 404, 'This server answers POST /validate and GET /healthz only.');
};

const listening = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });

/** Listens until it is closed. */
export const startServer = async (settings: ServerSettings): Promise<AdmissionServer> => {
  const { files, log } = settings;
  const clients = files.clientAuthority === undefined ? {} : { requestCert: true, rejectUnauthorized: false };
  const options = {
    ...readCertificate(files),
    minVersion: 'TLSv1.2',
    requestTimeout: DEADLINE_MS,
    keepAliveTimeout: IDLE_MS,
    ...clients,
  } as const;
  const server = createServer(options, (request, response) => handle(settings, request, response));
  const port = await listening(server, settings.host, settings.port);
  const following = followCertificate(files, settings.lookMs ?? LOOK_MS, {
    renewed: (certificate) => {
      server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
      log.info('The certificate was renewed');
    },
    unusable: (error) =>
      log.warn({ why: wholeMessageOf(error) }, 'The new certificate cannot be used yet: the old one serves'),
  });
  return {
    port,
    close: async () => {
      following.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await closed;
    },
  };
};

/**
 * Kubernetes: how a machine speaks to its control plane, over a client certificate or a token.
 *
 * Owns: requests by path, with answers as they come: a machine needs five calls, and each of its callers reads the status.
 * Neighbours: `kubernetes/transport.ts` carries them; `node-approver.ts` and whoever plays a kubelet ask.
 */
import { createTransport, type HttpRequest, type Transport, type TransportSettings } from '../kubernetes/transport.ts';
import { parsedJson } from '../words/json.ts';

export type Answer = { readonly status: number; readonly body: unknown };

export type Kubernetes = {
  call(method: HttpRequest['method'], path: string, body?: unknown): Promise<Answer>;
  close(): void;
};

export type Identity = { readonly certificate: string; readonly key: string };

export type Credentials =
  | ({ readonly kind: 'certificate' } & Identity)
  | { readonly kind: 'token'; readonly token: string };

const TIMEOUT_MILLIS = 8_000;
const CONNECTIONS = { most: 4, idleMs: Infinity };

/** What a Status object, or any other body, says went wrong. */
export const reasonOf = (answer: Answer): string => {
  const { body } = answer;
  const message = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  return message === '' ? `HTTP ${answer.status}` : `HTTP ${answer.status}: ${message}`;
};

/** To a control plane; credentials are asked for before each request. */
export const transportTo = (control: Pick<TransportSettings, 'server' | 'credentials' | 'proxy'>): Transport =>
  createTransport({ ...control, deadlineMs: TIMEOUT_MILLIS, userAgent: 'slipway-agent', connections: CONNECTIONS });

export const callsOver = (transport: Transport): Kubernetes => ({
  call: async (method, path, body) => {
    const patch = method === 'PATCH' ? { contentType: 'application/strategic-merge-patch+json' } : {};
    const { status, text } = await transport.send({ method, path, body, ...patch });
    // A proxy or a server that is going down answers with text.
    return { status, body: text === '' ? undefined : (parsedJson(text) ?? { message: text.slice(0, 200) }) };
  },
  // What is under way ends by itself.
  close: () => void transport.close(),
});

export const createKubernetes = (options: {
  readonly server: string;
  /** What its certificate has to show, where that isn't the server's own name. */
  readonly serverName?: string;
  readonly authority: string;
  readonly credentials: Credentials;
  readonly proxy?: string;
}): Kubernetes => {
  const { server, serverName, authority, credentials, proxy } = options;
  const trust = { ca: authority, ...(serverName === undefined ? {} : { serverName }) };
  const proof =
    credentials.kind === 'certificate'
      ? { tls: { ...trust, cert: credentials.certificate, key: credentials.key }, headers: {} }
      : { tls: trust, headers: { authorization: `Bearer ${credentials.token}` } };
  return callsOver(
    transportTo({ server, credentials: () => Promise.resolve(proof), ...(proxy === undefined ? {} : { proxy }) }),
  );
};

/**
 * Control: how the command line tells the supervisor what to do.
 *
 * Owns: the socket in the sandbox's home, both of its ends, and the requests on it. Reading the state needs none of this.
 * Neighbours: `main.ts` carries orders out.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { hasCode, messageOf } from '../../words/failure.ts';
import { type FailureKind, SandboxFailure } from '../failure.ts';

export type Order =
  | { readonly verb: 'start' | 'stop' | 'kill' | 'reset'; readonly part: string }
  | { readonly verb: 'start-all' };

type Answer =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: FailureKind; readonly message: string; readonly cure: string };

/** Names of sockets are limited to 107 bytes by the kernel. */
const LONGEST_SOCKET = 100;

const socketOf = (home: string): string => {
  const socket = `${home}/control.sock`;
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET) return socket;
  return `${tmpdir()}/slipway-${createHash('sha256').update(home).digest('hex').slice(0, 16)}.sock`;
};

const answerTo = async (text: string, carryOut: (order: Order) => Promise<void>): Promise<Answer> => {
  try {
    await carryOut(JSON.parse(text) as Order);
    return { ok: true };
  } catch (error) {
    if (error instanceof SandboxFailure) {
      return { ok: false, kind: error.kind, message: error.message, cure: error.cure };
    }
    return { ok: false, kind: 'part', message: messageOf(error), cure: 'see `npm run sandbox -- logs supervisor`' };
  }
};

/** Listens for orders. Only the sandbox's user may give any: the home is theirs alone. */
export const listenForOrders = (home: string, carryOut: (order: Order) => Promise<void>): Promise<Server> =>
  new Promise((resolve, reject) => {
    const socket = socketOf(home);
    rmSync(socket, { force: true });
    const server = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        void answerTo(Buffer.concat(chunks).toString('utf8'), carryOut).then((answer) =>
          outgoing.end(JSON.stringify(answer)),
        );
      });
    });
    server.once('error', reject);
    const before = process.umask(0o077);
    server.listen(socket, () => resolve(server));
    process.umask(before);
  });

/** Gives an order and waits until it is carried out. */
export const giveOrder = async (home: string, order: Order): Promise<void> => {
  const answer = await new Promise<Answer>((resolve, reject) => {
    const outgoing = request({ socketPath: socketOf(home), method: 'POST', path: '/orders' }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer));
      incoming.once('error', reject);
    });
    outgoing.once('error', (error) => {
      if (!hasCode(error, 'ENOENT', 'ECONNREFUSED')) return reject(error);
      reject(
        new SandboxFailure('noSandbox', `no supervisor runs for ${home}`, 'start the sandbox: `npm run sandbox -- up`'),
      );
    });
    outgoing.end(JSON.stringify(order));
  });
  if (!answer.ok) throw new SandboxFailure(answer.kind, answer.message, answer.cure);
};

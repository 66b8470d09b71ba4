/**
 * Gate: where each test file asks whether it may begin, and says at its end what it waited for.
 *
 * Owns: the socket, who waits there and who is inside; a file whose process dies has left. Neighbours: `admission.ts` decides;
 * `environment.ts` is the other side; `../run.ts` opens the gate for a run and makes a table of what was told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Wait } from '../support/waits.ts';
import { mayBegin } from './admission.ts';
import { watchMachine } from './machine.ts';

/** Names the socket to the environments of the files. */
export const GATE = 'SLIPWAY_TEST_GATE';

/** What a file tells when it ends; times in milliseconds since the epoch. */
export type Told = {
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly waits: readonly Wait[];
};

export type Message = { readonly kind: 'may I begin' } | ({ readonly kind: 'ended' } & Told);

export type Gate = {
  readonly path: string;
  readonly told: () => readonly Told[];
  /** How many files wait to begin. */
  readonly waiting: () => number;
  readonly close: () => void;
};

const LOOK_MS = 1_000;

export const openGate = async (look = watchMachine()): Promise<Gate> => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-gate-'));
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', forget);
  const path = join(folder, 'socket');
  const waiting: Socket[] = [];
  const inside = new Set<Socket>();
  const told: Told[] = [];
  const last = { beganAt: 0, machine: look() };

  const admit = (): void => {
    const { machine } = last;
    for (;;) {
      const [next] = waiting;
      const running = { files: inside.size, sinceLast: Date.now() - last.beganAt };
      if (next === undefined || !mayBegin(running, machine)) return;
      waiting.shift();
      inside.add(next);
      last.beganAt = Date.now();
      next.write('begin\n');
    }
  };
  const timer = setInterval(() => {
    last.machine = look();
    admit();
  }, LOOK_MS);

  const hear = (socket: Socket, message: Message): void => {
    switch (message.kind) {
      case 'may I begin':
        waiting.push(socket);
        admit();
        return;
      case 'ended':
        told.push(message);
        return;
    }
  };

  const server = createServer((socket) => {
    const leave = (): void => {
      inside.delete(socket);
      const place = waiting.indexOf(socket);
      if (place !== -1) waiting.splice(place, 1);
      admit();
    };
    socket.once('close', leave);
    // A reset is an end like any other. A reader of lines would pass it on to where nobody listens.
    socket.on('error', () => socket.destroy());
    // What a process that dies has begun to say is never a line.
    let said = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (said + text).split('\n');
      said = lines.pop() ?? '';
      for (const line of lines) hear(socket, JSON.parse(line) as Message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    path,
    told: () => told,
    waiting: () => waiting.length,
    close: () => {
      clearInterval(timer);
      server.close();
      for (const socket of [...waiting, ...inside]) socket.destroy();
      process.off('exit', forget);
      forget();
    },
  };
};

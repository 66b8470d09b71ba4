/**
 * Moto: the Python process that is AWS, as a child that never outlives us.
 *
 * Owns: starting it with its account furnished, and knowing when it is ready or has ended.
 * Neighbours: `moto_semantics/launcher.py` is the other side of the arguments and of the line that says ready.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostPort } from '../layout.ts';
import type { AccountDescription } from './account.ts';

export type MotoOptions = {
  readonly python: string;
  readonly listen: HostPort;
  readonly account?: AccountDescription;
  /** Seconds by name, see `moto_semantics/simulation.py`. */
  readonly timing?: Readonly<Record<string, number>>;
  /** `reported`: a target stays `initial` until a data plane has reported on it. */
  readonly targetHealth: 'assumed' | 'reported';
  /** `reported`: an instance ends when its host says that the machine has; else at once. */
  readonly machines?: 'assumed' | 'reported';
  /** Images of Slipway's that are not there, by id, each with why. */
  readonly unpublished?: Readonly<Record<string, string>>;
};

export type Moto = {
  readonly pid: number;
  readonly address: HostPort;
  /** Resolves when the process has ended, with how. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
};

const argumentsOf = (options: MotoOptions): string[] => [
  ...['-m', 'moto_semantics.launcher', '--host', options.listen.host, '--port', String(options.listen.port)],
  ...['--target-health', options.targetHealth, '--machines', options.machines ?? 'assumed'],
  ...(options.account === undefined ? [] : ['--account', JSON.stringify(options.account)]),
  ...(options.unpublished === undefined ? [] : ['--unpublished', JSON.stringify(options.unpublished)]),
  ...(options.timing === undefined ? [] : ['--timing', JSON.stringify(options.timing)]),
];

export const startMoto = async (options: MotoOptions): Promise<Moto> => {
  const child = spawn(options.python, argumentsOf(options), {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    // It ends when its standard input does: we hold the other end, and the kernel closes it however we die.
    stdio: ['pipe', 'pipe', 'inherit'],
    // Nothing is written into the checkout.
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1' },
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started as ${options.python}: ${error.message}`));
    child.once('exit', (code, signal) => resolve(signal === null ? `ended with status ${code}` : `ended by ${signal}`));
  });
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<HostPort>((resolve) => {
    lines.on('line', (line) => {
      if (!line.startsWith('{"ready"')) return console.log(line);
      const url = new URL((JSON.parse(line) as { ready: string }).ready);
      resolve({ host: url.hostname, port: Number(url.port) });
    });
  });
  const first = await Promise.race([ready, ended]);
  if (typeof first === 'string' || child.pid === undefined) {
    throw new Error(
      `moto on ${options.listen.host}:${options.listen.port} ${typeof first === 'string' ? first : 'has no process id'} before it was ready: ` +
        `there is no AWS to talk to. See its messages above; its Python needs the packages of sandbox/tools/python/requirements.txt.`,
    );
  }
  return {
    pid: child.pid,
    address: first,
    ended,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
};

/**
 * Environment: what jest runs each test file in: Node's own, behind a gate.
 *
 * Owns: waiting until the run lets this file begin, keeping the list of what it waits for, and telling that at its end; and that
 * no test's `fetch` keeps a connection.
 * Neighbours: `gate.ts` is the other side; `../support/waits.ts` fills the list; `limits.ts` says what a file may not declare.
 * Without a gate (a single file from an editor) nothing is asked and nothing told.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { relative } from 'node:path';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { WAITS, type Wait } from '../support/waits.ts';
import { GATE, type Message } from './gate.ts';
import { ownLimit } from './limits.ts';

const closed = async (gate: Socket): Promise<never> => {
  await once(gate, 'close');
  throw new Error('The run that this file belongs to is over.');
};

/**
 * A server may close a kept connection just when a busy computer sends the next request on it, and a test would fail for that:
 * https://github.com/nodejs/undici/issues/3492. So each request has a connection of its own.
 */
const fetchAlone: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('connection', 'close');
  return fetch(input, { ...init, headers });
};

/** A class, and the default export, because jest takes nothing else. */
export default class GatedEnvironment extends TestEnvironment {
  private readonly file: string;
  private readonly waits: Wait[] = [];
  private gate: Socket | undefined;
  private from = 0;
  private readonly limit: number;

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.file = relative(config.projectConfig.rootDir, context.testPath);
    this.limit = config.globalConfig.testTimeout ?? 0;
  }

  private tell(message: Message): void {
    this.gate?.write(`${JSON.stringify(message)}\n`);
  }

  override async setup(): Promise<void> {
    await super.setup();
    const path = process.env[GATE];
    if (path !== undefined) {
      this.gate = connect(path);
      // A run that is over needs to be told nothing; that a file can't begin is said below.
      this.gate.on('error', () => this.gate?.destroy());
      this.tell({ kind: 'may I begin' });
      await Promise.race([once(this.gate, 'data'), closed(this.gate)]);
    }
    Object.assign(this.global, { [WAITS]: this.waits, fetch: fetchAlone });
    this.from = Date.now();
  }

  handleTestEvent(event: Circus.Event, { testTimeout }: Circus.State): void {
    const limit = ownLimit(event, testTimeout, this.limit);
    if (limit !== undefined) throw new Error(`${this.file} sets a time limit of ${limit} ms: leave it away.`);
  }

  override async teardown(): Promise<void> {
    this.tell({ kind: 'ended', file: this.file, from: this.from, to: Date.now(), waits: this.waits });
    const { gate } = this;
    if (gate !== undefined) {
      gate.end();
      if (!gate.closed) await once(gate, 'close');
    }
    await super.teardown();
  }
}

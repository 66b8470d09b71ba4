/** A Temporal server in memory that a test can take away and bring back, without its data, at the same address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { GO_ENVIRONMENT } from '../../sandbox/garbage.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts';
import { toolsFolder } from './tools.ts';
import { waitFor } from './wait.ts';
import { noting } from './waits.ts';

export type TemporalServer = {
  readonly address: string;
  readonly connection: Connection;
  readonly client: Client;
  /** Ends the server; with it goes all that it knew. */
  readonly lose: () => Promise<void>;
  /** Starts it again, empty. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
};

/** `namespaces` are there beside `default`. */
export const startTemporalServer = (namespaces: readonly string[] = []): Promise<TemporalServer> =>
  noting('starting', 'Temporal', () => startServer(namespaces));

const startServer = async (namespaces: readonly string[]): Promise<TemporalServer> => {
  const program = join(await toolsFolder(), 'temporal');
  // Its services find each other on 127.0.0.1 only.
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = (): void => void child?.kill('SIGKILL');
  process.once('exit', kill);

  const lose = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    const attributes = Object.values(SEARCH_ATTRIBUTES).flatMap(({ name }) => [
      '--search-attribute',
      `${name}=Keyword`,
    ]);
    const more = [...attributes, ...namespaces.flatMap((namespace) => ['--namespace', namespace])];
    child = spawn(
      program,
      ['server', 'start-dev', '--headless', '--port', `${port}`, '--log-level', 'never', ...more],
      { stdio: 'ignore', env: { ...process.env, ...GO_ENVIRONMENT } },
    );
    await once(child, 'spawn');
    const answers = waitFor(
      `Temporal answers at ${address}`,
      async () => {
        const connection = await Connection.connect({ address, connectTimeout: 1_000 });
        try {
          await connection.workflowService.describeNamespace({ namespace: 'default' });
          return true;
        } finally {
          await connection.close();
        }
      },
      { intervalMs: 100 },
    );
    try {
      await answers;
    } catch (error) {
      await lose();
      throw error;
    }
  };

  await start();
  const connection = Connection.lazy({ address });
  return {
    address,
    connection,
    client: new Client({ connection }),
    lose,
    start,
    stop: async () => {
      process.off('exit', kill);
      await connection.close();
      await lose();
    },
  };
};

import { chmod, mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BinaryComponent, RunningComponent } from '../../../agent/host.ts';
import { leftoverOf, supervise } from '../../../sandbox/machine/supervisor.ts';
import { endProcess, identify, isAlive, type ProcessIdentity } from '../../../sandbox/process.ts';
import { recordedLog } from '../../agent/doubles.ts';
import { waitFor } from '../../support/wait.ts';

describe('The supervisor', () => {
  let folder: string;
  let running: RunningComponent | undefined;
  const { log, messages } = recordedLog();
  const pidFile = () => join(folder, 'program.pid');

  const start = async (
    script: string,
    stopSeconds = 5,
    mayStartAgain?: () => Promise<boolean>,
  ): Promise<RunningComponent> => {
    const executable = join(folder, 'program');
    await writeFile(executable, `#!/bin/sh\n${script}\n`);
    await chmod(executable, 0o700);
    const component: BinaryComponent = {
      name: 'program',
      program: { kind: 'binary', command: 'program', arguments: ['--flag=1'], environment: { GREETING: 'hello' } },
      files: [],
      after: [],
      stopSeconds,
    };
    running = supervise({
      component,
      executable,
      logFile: join(folder, 'program.log'),
      pidFile: pidFile(),
      environment: { PATH: process.env['PATH'] ?? '' },
      probeAgent: () => new Agent(),
      ...(mayStartAgain === undefined ? {} : { mayStartAgain }),
      log,
    });
    return running;
  };
  const current = (): Promise<ProcessIdentity> => waitFor('it runs', () => leftoverOf(pidFile()));
  const output = (): Promise<string> => readFile(join(folder, 'program.log'), 'utf8');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-supervisor-'));
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  test('starts a program with its arguments and its environment, and keeps its output', async () => {
    await start('echo "$GREETING $1"; exec sleep 60');
    await waitFor('it spoke', async () => ((await output()).includes('hello --flag=1') ? true : undefined));
  });

  test('leaves it ended where it may not start again: what it needs is gone', async () => {
    let asked = 0;
    await start('echo run; exit 1', 5, () => Promise.resolve((asked += 1) < 2));
    // The pid file goes when the supervisor has done with it.
    await waitFor('it is left ended', async () =>
      asked === 2 && (await leftoverOf(pidFile())) === undefined ? true : undefined,
    );
    expect((await output()).split('run')).toHaveLength(3);
  });

  test('starts it again when it ended, and says how it ended', async () => {
    await start('echo run; sleep 0.1; exit 3');
    await waitFor('it ran twice', async () => ((await output()).split('run').length > 2 ? true : undefined));
    expect(messages().some((each) => /^program ended with status 3 after .* starts again in/.test(each))).toBe(true);
  });

  test('stops it and returns only when it is gone', async () => {
    const program = await start('trap "sleep 0.3; exit 0" TERM; echo up; while :; do sleep 0.05; done');
    const before = await current();
    await waitFor('it heeds the signal', async () => ((await output()).includes('up') ? true : undefined));
    await program.stop();
    expect(isAlive(before)).toBe(false);
    expect(await leftoverOf(pidFile())).toBeUndefined();
  });

  test('kills what does not end by itself', async () => {
    const program = await start('trap "" TERM; echo up; while :; do sleep 0.05; done', 0.3);
    const before = await current();
    await waitFor('it does not heed the signal', async () => ((await output()).includes('up') ? true : undefined));
    await program.stop();
    expect(isAlive(before)).toBe(false);
    expect(messages().some((each) => each.includes('was killed'))).toBe(true);
  });

  test('a program that is told to stop while it starts does not stay behind', async () => {
    const program = await start('exec sleep 60');
    await program.stop();
    expect(await leftoverOf(pidFile())).toBeUndefined();
  });

  test('leaves no program running that it could not write down: the next one wants its port', async () => {
    // A folder where the file should be.
    await mkdir(pidFile());
    await start('echo "$$"; exec sleep 60');
    await waitFor('it says so', () =>
      Promise.resolve(messages().some((each) => each.includes('before it started: EISDIR')) || undefined),
    );
    await rmdir(pidFile());
    const { pid } = await current();
    const pids = await waitFor('it spoke', async () => {
      const lines = (await output()).trim().split('\n').map(Number);
      return lines.includes(pid) ? lines : undefined;
    });
    const left = pids.map(identify);
    expect(left.filter((each) => each !== undefined)).toHaveLength(1);
  });

  test('finds what an earlier agent left running by its identity, not by its number', async () => {
    await start('exec sleep 60');
    const identity = await current();
    expect(identify(identity.pid)).toEqual(identity);
    await writeFile(join(folder, 'other.pid'), JSON.stringify({ ...identity, began: '1' }));
    expect(await leftoverOf(join(folder, 'other.pid'))).toBeUndefined();
    expect(await leftoverOf(join(folder, 'none.pid'))).toBeUndefined();
    expect(await endProcess({ ...identity, began: '1' }, 1)).toBe(false);
    expect(isAlive(identity)).toBe(true);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  endGroup,
  identify,
  isAlive,
  killRemains,
  type ProcessIdentity,
  withEnvironment,
} from '../../sandbox/process.ts';
import { waitFor } from '../support/wait.ts';

const started: ChildProcess[] = [];

/** A leader of a group of its own, which says when it has started its child. */
const startGroup = async (leader: string, env: NodeJS.ProcessEnv = {}): Promise<ProcessIdentity> => {
  const child = spawn('sh', ['-c', leader], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
  });
  started.push(child);
  await once(child.stdout, 'data');
  const identity = identify(child.pid ?? 0);
  if (identity === undefined) throw new Error('the shell ended at once');
  return identity;
};

const groupIsGone = (leader: ProcessIdentity) =>
  waitFor(`group ${leader.pid} to be gone`, () => {
    try {
      process.kill(-leader.pid, 0);
      return Promise.resolve(undefined);
    } catch {
      return Promise.resolve(true);
    }
  });

afterEach(() => {
  for (const { pid } of started.splice(0)) {
    const identity = identify(pid ?? 0);
    if (identity !== undefined) killRemains(identity);
  }
});

describe('a process', () => {
  test('is itself, and dead once it ended', async () => {
    const leader = await startGroup('echo up; exec sleep 60');
    expect(isAlive(leader)).toBe(true);
    await endGroup(leader, 1_000);
    expect(isAlive(leader)).toBe(false);
    expect(identify(leader.pid)).toBeUndefined();
  });

  test('is not another one that was given the same number', () => {
    const self = identify(process.pid);
    expect(self).toBeDefined();
    expect(isAlive({ pid: process.pid, began: 'another time' })).toBe(false);
  });

  test('of another time is not ended in place of the one that has its number', async () => {
    const leader = await startGroup('echo up; exec sleep 60');
    await endGroup({ pid: leader.pid, began: 'another time' }, 0);
    expect(isAlive(leader)).toBe(true);
  });
});

describe('a group', () => {
  test('ends with its leader, with members that take no hint', async () => {
    const leader = await startGroup('(trap "" TERM; sleep 60) & echo up; exec sleep 60');
    await endGroup(leader, 2_000);
    await groupIsGone(leader);
  });

  test('that takes no hint itself is made to end after its grace', async () => {
    const leader = await startGroup('trap "" TERM; echo up; while :; do sleep 1; done');
    await endGroup(leader, 100);
    await groupIsGone(leader);
  });

  test('is found by what its environment carries', async () => {
    const leader = await startGroup('echo up; exec sleep 60', { SLIPWAY_TEST_MARK: `mark ${process.pid}` });
    expect(withEnvironment('SLIPWAY_TEST_MARK', `mark ${process.pid}`)).toEqual([leader]);
    expect(withEnvironment('SLIPWAY_TEST_MARK', 'of nobody')).toEqual([]);
  });
});

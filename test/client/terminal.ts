/**
 * A shell on a terminal of its own, typed into as by a person.
 *
 * Owns: the terminal (by `script`, of util-linux), and ending it with all that runs in it. What is typed before the shell
 * reads it waits in the terminal.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from '../support/wait.ts';

export type Terminal = {
  readonly type: (keys: string) => void;
  /** All that was shown so far, escape sequences included. */
  readonly shown: () => string;
  /** Waits until something is shown that wasn't when this was last awaited, and answers it. */
  readonly awaits: (what: RegExp) => Promise<RegExpExecArray>;
  readonly end: () => Promise<void>;
};

/** Why no shell can be typed into, if so. */
export const lacking = (shell: string): string | undefined => {
  for (const program of ['script', shell]) {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed`;
    }
  }
  return undefined;
};

export const openTerminal = (command: string, env: NodeJS.ProcessEnv): Terminal => {
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    env: { ...env, TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'close');
  let shown = '';
  let from = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  return {
    type: (keys) => void child.stdin.write(keys),
    shown: () => shown,
    awaits: async (what) => {
      const found = await waitFor(
        `the terminal shows ${what}`,
        async () => what.exec(shown.slice(from)) ?? undefined,
      ).catch((error: unknown) => {
        throw new Error(`It shows:\n${shown}`, { cause: error });
      });
      from += found.index + found[0].length;
      return found;
    },
    end: async () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await ended;
    },
  };
};

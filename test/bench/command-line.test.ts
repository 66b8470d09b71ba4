import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const MAIN = join(import.meta.dirname, '../../bench/main.ts');

const bench = (...args: readonly string[]): Promise<{ readonly code: unknown; readonly text: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, text: stdout + stderr }),
    );
  });

const HELP = 'npm run bench -- --help';

describe('the benches’ command line', () => {
  test('is there as people type it', async () => {
    const [npm = '', ...args] = HELP.split(' ');
    const text = await new Promise<string>((resolve, reject) => {
      execFile(npm, args, { cwd: join(import.meta.dirname, '../..') }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
    });
    expect(text).toContain('Usage: npm run bench');
  });

  test('lists every bench, and each says what it takes', async () => {
    const { code, text } = await bench('--help');
    expect(code).toBe(0);
    for (const name of ['create', 'idle', 'sandbox', 'scale']) {
      expect(text).toContain(name);
      const help = await bench(name, '--help');
      expect(help.code).toBe(0);
      expect(help.text).toContain('--output');
    }
  });

  test('refuses what it does not know with status 2, before anything is started', async () => {
    expect(await bench('nothing')).toMatchObject({ code: 2 });
    expect(await bench('create', '--temporal', 'cloud')).toMatchObject({ code: 2 });
  });

  test('refuses a number that is none, and says which option', async () => {
    const { code, text } = await bench('scale', '--waves', '25,none');
    expect(code).toBe(8);
    expect(text).toContain('--waves');
  });
});

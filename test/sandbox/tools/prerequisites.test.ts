import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EXIT } from '../../../sandbox/failure.ts';
import { GO_TOOLS } from '../../../sandbox/tools/catalogue.ts';
import { goFingerprint, goVersion } from '../../../sandbox/tools/go.ts';
import { findPython, pythonFingerprint } from '../../../sandbox/tools/python.ts';
import { run } from '../../support/sandbox.ts';

const CHECKOUT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const TOOLS = `${CHECKOUT}/sandbox/tools`;

let folder = '';
const path = process.env['PATH'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-path-'));
  process.env['PATH'] = folder;
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true, force: true });
});

/** Puts a program on PATH that prints something. */
const program = (name: string, prints: string): void => {
  writeFileSync(`${folder}/${name}`, `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(`${folder}/${name}`, 0o755);
};

describe('Go', () => {
  test('that is missing is named, with where to get it', async () => {
    await expect(goVersion(`${TOOLS}/etcd`)).rejects.toMatchObject({
      kind: 'prerequisite',
      message: expect.stringContaining('there is no `go` on PATH'),
      cure: expect.stringContaining('https://go.dev/dl/'),
    });
  });

  test.each(['go1.25.9', 'go1.9', 'devel'])('%s is too old', async (version) => {
    program('go', version);
    await expect(goVersion(`${TOOLS}/etcd`)).rejects.toMatchObject({
      message: `Go 1.26 or newer is needed, and \`go\` on PATH is ${version}`,
    });
  });

  test.each(['go1.26.8', 'go1.30', 'go2.0.1'])('%s will do', async (version) => {
    program('go', version);
    expect(await goVersion(`${TOOLS}/etcd`)).toBe(version);
  });
});

describe('Python', () => {
  test('is taken from PATH where it is new enough', async () => {
    program('python3', '3.13.2');
    expect(await findPython()).toEqual({ file: 'python3', version: '3.13.2' });
  });

  test('that is too old is passed over for another', async () => {
    program('python3', '3.9.2');
    program('python3.12', '3.12.1');
    expect(await findPython()).toEqual({ file: 'python3.12', version: '3.12.1' });
  });
});

describe('a fingerprint', () => {
  test('of each Go tool differs with the version of Go', () => {
    for (const tool of GO_TOOLS) {
      const of = (version: string) => goFingerprint(tool, `${TOOLS}/${tool.folder}`, version);
      expect(of('go1.26.8')).toBe(of('go1.26.8'));
      expect(of('go1.26.8')).not.toBe(of('go1.27.0'));
    }
  });

  test('of the Python environment differs with the version of Python', () => {
    const of = (version: string) => pythonFingerprint(`${TOOLS}/python`, { file: 'python3', version });
    expect(of('3.11.7')).not.toBe(of('3.11.8'));
  });
});

test('up without Go ends with the status of a missing prerequisite, and says what to do', async () => {
  const env = { PATH: folder, SLIPWAY_HOME: `${folder}/home`, SLIPWAY_CACHE: `${folder}/cache` };
  const { code, stderr } = await run(process.execPath, [`${CHECKOUT}/sandbox/main.ts`, 'up', '--detach'], { env });
  expect(code).toBe(EXIT.prerequisite);
  expect(stderr).toContain('What to do: install Go 1.26 or newer');
});

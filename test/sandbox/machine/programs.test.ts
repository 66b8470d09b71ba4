import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { BinaryComponent } from '../../../agent/host.ts';
import { programOf } from '../../../sandbox/machine/programs.ts';

let folder = '';
const put = (path: string): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), '');
  chmodSync(join(folder, path), 0o755);
};
const etcd = (version?: string): BinaryComponent => ({
  name: 'etcd',
  ...(version === undefined ? {} : { version }),
  program: { kind: 'binary', command: 'etcd', arguments: [], environment: {} },
  files: [],
  after: [],
  stopSeconds: 1,
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-programs-'));
  for (const path of ['etcd', 'versions/3.6.16/etcd', 'versions/3.6.15/etcd', 'versions/1.36.3/kube-apiserver'])
    put(path);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('The program of a component', () => {
  test('is that of the version which the component says', async () => {
    expect(await programOf(etcd('3.6.15'), folder)).toBe(`${folder}/versions/3.6.15/etcd`);
    expect(await programOf(etcd('3.6.16'), folder)).toBe(`${folder}/versions/3.6.16/etcd`);
  });

  test('is today’s where a component says none', async () => {
    expect(await programOf(etcd(), folder)).toBe(`${folder}/etcd`);
  });

  test('is never one of another version: that it is missing is said, and what there is', async () => {
    await expect(programOf(etcd('3.7.0'), folder)).rejects.toThrow(
      /^Program etcd 3\.7\.0 is not in .* cannot run etcd; it is there in 3\.6\.15, 3\.6\.16\. Run `npm run tools`/,
    );
  });
});

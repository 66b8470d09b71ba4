import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isRetired, KEPT_LOGS, knownInstances, retire } from '../../../sandbox/instances/folder.ts';

let instances: string;

beforeEach(() => {
  instances = mkdtempSync(join(tmpdir(), 'slipway-test-instances-'));
});

afterEach(() => rmSync(instances, { recursive: true, force: true }));

test('an instance that is cleared away leaves its logs and nothing that could hold a key', () => {
  const folder = join(instances, 'i-1');
  mkdirSync(join(folder, 'logs'), { recursive: true });
  mkdirSync(join(folder, 'pki'));
  for (const file of ['agent.log', 'logs/etcd.log', 'pki/tls.key', 'user-data']) writeFileSync(join(folder, file), '');
  retire(instances, 'i-1');
  expect(readdirSync(folder).sort()).toEqual(['agent.log', 'logs', 'terminated']);
  expect(isRetired(instances, 'i-1')).toBe(true);
});

test('logs of the last twenty are kept, and nothing of an instance that still runs is touched', () => {
  mkdirSync(join(instances, 'i-running'));
  for (let index = 0; index < KEPT_LOGS + 3; index++) {
    mkdirSync(join(instances, `i-${index}`));
    retire(instances, `i-${index}`);
    const at = new Date(1_700_000_000_000 + index * 1000);
    if (existsSync(join(instances, `i-${index}`))) utimesSync(join(instances, `i-${index}`, 'terminated'), at, at);
  }
  const left = knownInstances(instances);
  expect(left).toContain('i-running');
  expect(left).not.toContain('i-0');
  expect(left).toContain(`i-${KEPT_LOGS + 2}`);
  expect(left).toHaveLength(KEPT_LOGS + 1);
});

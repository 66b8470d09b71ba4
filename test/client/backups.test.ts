import { describe, expect, test } from '@jest/globals';
import { backupTable, backupText, listBackups } from '../../client/cli/backups.ts';
import type { ClientConfiguration } from '../../client/configuration.ts';
import type { Backup } from '../../workflows/messages.ts';

const BACKUP: Backup = {
  ...{ key: 'gke-0a1b2c3d/etcd/20261130T194500123Z-4711.db', time: '2026-11-30T19:45:00.123Z', revision: '4711' },
  ...{ size: 3_565_158, sha256: 'ab'.repeat(32), etcd: '3.6.16', kubernetes: '1.36.3' },
};

describe('slipway clusters backup', () => {
  test('says where the snapshot is and what it is', () => {
    expect(backupText(BACKUP)).toBe(`${BACKUP.key}: 3.4 MiB, revision 4711, sha256 ${'ab'.repeat(32)}`);
  });

  test.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [9 * 1_024 ** 4, '9216.0 GiB'],
  ])('says %i bytes as %s', (size, text) => {
    expect(backupText({ ...BACKUP, size })).toContain(` ${text},`);
  });
});

const NOBODY: ClientConfiguration = { temporalAddress: '127.0.0.1:1', temporalNamespace: 'none' };

describe('slipway clusters backups', () => {
  test('lists each with whether it can be relied on, and why not', () => {
    const { sha256: _, etcd: __, kubernetes: ___, ...half } = BACKUP;
    const lines = backupTable([BACKUP, { ...half, problem: 'it has no manifest' }]).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['TIME', 'SIZE', 'REVISION', 'KUBERNETES', 'KEY', 'CHECKED'],
      ['2026-11-30T19:45:00Z', '3.4 MiB', '4711', '1.36.3', BACKUP.key, 'yes'],
      ['2026-11-30T19:45:00Z', '3.4 MiB', '4711', BACKUP.key, 'no: it has no manifest'],
    ]);
  });

  test.each([
    ['no cluster', {}],
    ['a name and an id', { name: 'cluster-0', id: 'gke-0a1b2c3d' }],
  ])('refuses %s, and asks nobody', async (_, whose) => {
    await expect(listBackups(NOBODY, whose)).rejects.toThrow('Name one cluster');
  });
});

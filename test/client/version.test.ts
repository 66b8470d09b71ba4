import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { version, versionText } from '../../client/cli/version.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'slipway-version-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const configured = (content: string) => {
  writeFileSync(`${home}/config.json`, content);
  return version({ SLIPWAY_HOME: home });
};

describe('slipway version', () => {
  const own = { version: '0.1.0', node: 'v24.21.0' };

  test('in a sandbox says of each tool its version, and how it came', () => {
    const tools = [{ tool: 'etcd', version: 'v3.6.16', came: 'downloaded from github.com, SHA-256 as the site says' }];
    expect(configured(JSON.stringify({ kubeconfig: '/k', tools })).tools).toEqual(tools);
    expect(versionText({ ...own, tools })).toBe(
      'slipway 0.1.0 (Node.js v24.21.0)\n  etcd v3.6.16: downloaded from github.com, SHA-256 as the site says',
    );
  });

  test('elsewhere is a line', () => {
    expect(version({ SLIPWAY_HOME: `${home}/nowhere` })).toMatchObject({ node: process.version, tools: [] });
    expect(versionText({ ...own, tools: [] })).toBe('slipway 0.1.0 (Node.js v24.21.0)');
  });

  test.each(['', '{', '[]', '{"tools": "none"}'])('is said beside a configuration file with %j, too', (content) => {
    expect(configured(content).tools).toEqual([]);
  });
});

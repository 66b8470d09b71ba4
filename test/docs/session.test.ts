import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sandboxIn } from '../support/sandbox.ts';
import { type Documentation, documentationIn } from './session.ts';

describe('somebody who follows the documentation', () => {
  let home = '';
  let documentation: Documentation;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'slipway-session-'));
    const nowhere = { ...sandboxIn(home), status: () => ({ temporal: { address: '127.0.0.1:1' } }) };
    documentation = await documentationIn(nowhere as ReturnType<typeof sandboxIn>);
  });
  afterAll(async () => {
    documentation.end();
    await rm(home, { recursive: true });
  });

  test('types only what a page has', async () => {
    await expect(documentation.run('npm run nothing-of-the-kind')).rejects.toThrow('No page has the command');
    await expect(documentation.section('README.md', 'no-such-heading')).rejects.toThrow('no commands under');
  });

  test('keeps what one command exports for those after it', async () => {
    await documentation.run('export KUBECONFIG=~/.slipway/kubeconfig');
    expect(await documentation.run('npx slipway version')).toMatch(/^slipway \d+\.\d+\.\d+ /m);
  });

  test('is told of a command that fails, with all that it said', async () => {
    await expect(documentation.run('npm run sandbox -- stop slipway-client')).rejects.toThrow(
      /README\.md:\d+: `npm run sandbox -- stop slipway-client` ended with status 6:[^]*there is no sandbox/,
    );
  });

  test('is asked for what a placeholder stands for', async () => {
    await expect(documentation.run('kubectl delete awscluster <name>')).rejects.toThrow('fill in for <name>');
  });

  test('counts as run only what succeeded', () => {
    const left = documentation.notRun('README.md').join('\n');
    expect(left).toContain('npm run sandbox -- stop slipway-client');
    expect(left).not.toContain('npx slipway version');
    expect(left).not.toMatch(/: npm (ci|test)$/m);
  });
});

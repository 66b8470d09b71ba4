/** The contract of the local AWS: checks in Python, each shown here as a test of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { accountOf } from '../../../sandbox/aws/account.ts';
import { startMoto } from '../../../sandbox/aws/moto.ts';
import { ensureTools } from '../../../sandbox/tools/build.ts';

type Result = {
  readonly service: string;
  readonly check: string;
  readonly ok: boolean;
  readonly failure: string | null;
};

const runContract = async (): Promise<readonly Result[]> => {
  const { python } = await ensureTools();
  const moto = await startMoto({
    python,
    // Port 0: several runs side by side don't meet. The addresses within the account are only numbers here.
    listen: { host: '127.0.0.1', port: 0 },
    account: accountOf(16),
    targetHealth: 'assumed',
    unpublished: { 'ami-slipway-unbuilt': 'it has no programs' },
  });
  try {
    const child = spawn(python, ['-m', 'contract', `http://${moto.address.host}:${moto.address.port}`], {
      cwd: fileURLToPath(new URL('../../../sandbox/aws', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    const output: Buffer[] = [];
    for await (const chunk of child.stdout) output.push(chunk as Buffer);
    const lines = Buffer.concat(output).toString().trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Result);
  } finally {
    await moto.stop();
  }
};

const results = await runContract();

describe('the local AWS', () => {
  test('has been checked', () => {
    expect(results.length).toBeGreaterThan(60);
  });

  test.each(results.map((result) => [result.service, result.check, result] as const))(
    '%s: %s',
    (_service, _check, result) => {
      expect(result.failure).toBeNull();
    },
  );
});

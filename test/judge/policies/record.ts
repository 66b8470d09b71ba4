/**
 * `npm run questions`: records anew what AWS would ask IAM in journeys and trials (`questions.jsonl`).
 *
 *   node test/judge/policies/record.ts [part of a path]…
 *
 * Without a part: all that between them show every right that a run can show, in about half an hour; what was recorded before is
 * forgotten. With parts only these, added to what is there. Neighbours: `policies.test.ts` holds `deploy/iam` to the file.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, QUESTIONS, questionsFrom, RECORDED } from './recorded.ts';

const ALL = [
  ...['create.journey', 'machine-loss.journey', 'volume-loss.journey', 'mistakes.journey', 'operations.journey'],
  ...['tags.trial', 'change.trial', 'orders.trial', 'situations.trial'],
];

const main = async (parts: readonly string[]): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-questions-'));
  try {
    const run = spawn(process.execPath, ['test/run.ts', 'journey', 'trial', ...(parts.length > 0 ? parts : ALL)], {
      cwd: join(import.meta.dirname, '../../..'),
      env: { ...process.env, [QUESTIONS]: folder },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [code] = (await once(run, 'close')) as [number | null];
    const files = readdirSync(folder).map((name) => join(folder, name));
    if (files.length === 0) {
      process.stderr.write(
        `No sandbox left a question, so ${RECORDED} stays as it was: did a test run, and to its end?\n`,
      );
      return 1;
    }
    const before = parts.length > 0 ? questionsFrom(RECORDED) : [];
    writeFileSync(RECORDED, linesOf([...before, ...files.flatMap(questionsFrom)]));
    // A right that is missing fails the run, and what was asked is recorded all the same.
    return code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

process.exitCode = await main(process.argv.slice(2));

/**
 * `npm run histories -- record`: records what every kind of workflow does, for the release that this checkout is.
 *
 * Owns: the command. It takes the place of all histories of this release; those of released versions are left alone for
 * ever. When to run it: see "Changing workflow code" in CONTRIBUTING.md.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { startTemporal } from '../support/temporal.ts';
import { recordLife } from './life.ts';
import { currentRelease, writeAll } from './store.ts';
import { VARIANTS } from './variants.ts';

type Named = { readonly name: string; readonly history: History };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `<type>.<scenario>`, numbered where one scenario has several of a type. */
const named = (scenario: string, histories: readonly History[]): readonly Named[] => {
  const counts = new Map<string, number>();
  return histories.map((history) => {
    const type = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? 'unknown';
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    return { name: `${type}.${scenario}${count === 1 ? '' : `-${count}`}`, history };
  });
};

const fetchAll = (handles: readonly WorkflowHandle[]): Promise<readonly History[]> =>
  Promise.all(handles.map((handle) => handle.fetchHistory()));

const recordVariants = async (): Promise<readonly Named[]> => {
  const temporal = await startTemporal();
  try {
    const all: Named[] = [];
    for (const { name, play } of VARIANTS) {
      say(`  ${name}`);
      all.push(...named(name, await fetchAll(await play({ temporal, uid: randomUUID() }))));
    }
    return all;
  } finally {
    await temporal.stop();
  }
};

const main = async (words: readonly string[]): Promise<number> => {
  if (words.length !== 1 || words[0] !== 'record') {
    process.stderr.write('Usage: npm run histories -- record\n');
    return 2;
  }
  const release = currentRelease();
  say(`Recording for release ${release}. Variants:`);
  const recorded = [...(await recordVariants())];
  say('A whole life, in a sandbox with stub machines.');
  await recordLife(async (runs) => {
    recorded.push(...named('life', await fetchAll(runs.map(({ handle }) => handle))));
  });
  writeAll(release, recorded);
  say(`Recorded ${recorded.length} histories in test/histories/${release}.`);
  return 0;
};

process.exitCode = await main(process.argv.slice(2));

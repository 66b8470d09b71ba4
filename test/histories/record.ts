/**
 * `npm run histories -- record [<scenario>…]`: records what every kind of workflow does, for the release that this checkout is.
 *
 * Owns: the command. It takes the place of all histories of this release, or of those of the scenarios that are named (variants, `life`,
 * `pools` and `clusters`); those of released versions are left alone for ever. When to run it: see "Changing workflow code" in
 * CONTRIBUTING.md.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { startTemporal } from '../support/temporal.ts';
import { recordClusters } from './clusters.ts';
import { recordLife } from './life.ts';
import { recordPools } from './pools.ts';
import { currentRelease, writeAll, writeSome } from './store.ts';
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

type IsMeant = (scenario: string) => boolean;

const recordVariants = async (isMeant: IsMeant): Promise<readonly Named[]> => {
  const variants = VARIANTS.filter(({ name }) => isMeant(name));
  if (variants.length === 0) return [];
  const temporal = await startTemporal();
  try {
    const all: Named[] = [];
    for (const { name, play } of variants) {
      say(`  ${name}`);
      all.push(...named(name, await fetchAll(await play({ temporal, uid: randomUUID() }))));
    }
    return all;
  } finally {
    await temporal.stop();
  }
};

const LIVES = { life: recordLife, pools: recordPools, clusters: recordClusters } as const;

const recordLives = async (isMeant: IsMeant): Promise<readonly Named[]> => {
  const all: Named[] = [];
  for (const [scenario, record] of Object.entries(LIVES).filter(([name]) => isMeant(name))) {
    say(`  ${scenario}, in a sandbox with stub machines`);
    await record(async (runs) => {
      all.push(...named(scenario, await fetchAll(runs.map(({ handle }) => handle))));
    });
  }
  return all;
};

const SCENARIOS: readonly string[] = [...VARIANTS.map(({ name }) => name), ...Object.keys(LIVES)];

const main = async ([verb, ...scenarios]: readonly string[]): Promise<number> => {
  const unknown = scenarios.find((name) => !SCENARIOS.includes(name));
  if (verb !== 'record' || unknown !== undefined) {
    process.stderr.write(`Usage: npm run histories -- record [${SCENARIOS.join(' | ')}]…\n`);
    return 2;
  }
  const release = currentRelease();
  const isMeant: IsMeant = (name) => scenarios.length === 0 || scenarios.includes(name);
  say(`Recording for release ${release}:`);
  const recorded = [...(await recordVariants(isMeant)), ...(await recordLives(isMeant))];
  (scenarios.length === 0 ? writeAll : writeSome)(release, recorded);
  say(`Recorded ${recorded.length} histories in test/histories/${release}.`);
  return 0;
};

process.exitCode = await main(process.argv.slice(2));

/**
 * Ending: takes a sandbox down, with or without a supervisor.
 *
 * Owns: the order, by waves of need, and the proof that nothing is left. Everything is found by recorded identities, so
 * it works as well after the supervisor itself was killed. Neighbours: `supervise.ts` has stopped bringing parts back.
 */
import { endAllInstances } from '../instances/parts.ts';
import type { SandboxLayout } from '../layout.ts';
import { endGroup, killRemains, type ProcessIdentity, withEnvironment } from '../process.ts';
import { endingWaves, type Part } from './part.ts';
import { MARK, type PartRecord } from './state.ts';

/** Ends one wave of parts side by side. */
const endWave = (
  names: readonly string[],
  parts: readonly Pick<Part, 'name' | 'graceMilliseconds'>[],
  processOf: (name: string) => ProcessIdentity | undefined,
): Promise<unknown> =>
  Promise.all(
    names.map(async (name) => {
      const process = processOf(name);
      const grace = parts.find((part) => part.name === name)?.graceMilliseconds ?? 0;
      if (process !== undefined) await endGroup(process, grace);
    }),
  );

/**
 * Ends all parts, what stands on their instances, and whatever still carries the sandbox's mark. Instances are switched
 * off rather than shut down: their account goes with them.
 */
export const endEverything = async (options: {
  readonly layout: SandboxLayout;
  readonly mark: string;
  readonly parts: readonly Pick<Part, 'name' | 'needs' | 'graceMilliseconds'>[];
  readonly records: () => readonly PartRecord[];
}): Promise<void> => {
  const processOf = (name: string) => options.records().find((record) => record.name === name)?.process;
  let instancesAreOff = false;
  for (const wave of endingWaves(options.parts)) {
    await endWave(wave, options.parts, processOf);
    if (!instancesAreOff && wave.includes('instances')) {
      instancesAreOff = true;
      await endAllInstances(options.layout);
    }
  }
  // Groups made by agents for their components, and what outlived a part that died.
  for (;;) {
    const left = withEnvironment(MARK, options.mark);
    if (left.length === 0) return;
    await Promise.all(left.map((process) => endGroup(process, 0)));
    for (const process of left) killRemains(process);
  }
};

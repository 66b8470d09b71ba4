/**
 * Follow: shows how far a cluster is until it is provisioned.
 *
 * Owns: the live tree on a terminal, and a line for each change elsewhere. Neighbours: the tree itself is that of
 * `slipway clusters describe`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import colors from 'picocolors';
import { type Description, describeLines } from '../../client/cli/describe.ts';
import { readDescription } from '../../client/cli/describe-command.ts';
import type { ClientConfiguration } from '../../client/configuration.ts';
import { messageOf } from '../../words/failure.ts';
import { SandboxFailure } from '../failure.ts';

const LOOK_EVERY_MILLISECONDS = 1_000;

/** Each object and its state, in the tree's order. */
const statesIn = ({ cluster, nodePools }: Description): readonly (readonly [string, string])[] =>
  [cluster, ...nodePools].map(({ object }) => [
    `${object.kind}/${object.metadata.name}`,
    object.status?.state ?? 'new',
  ]);

const isProvisioned = (description: Description): boolean =>
  statesIn(description).every(([, state]) => state === 'Provisioned');

/** A line that wraps would break counting: what is cut is seen with `describe`. */
const cut = (line: string, columns: number): string => {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : `${plain.slice(0, columns - 1)}…`;
};

/** Draws lines over those drawn before. */
const drawer = (): ((lines: readonly string[]) => void) => {
  let drawn = 0;
  return (lines) => {
    // Some terminals say that they have no size.
    const columns = process.stdout.columns || 120;
    const rows = process.stdout.rows || 50;
    const fitting = lines.slice(0, rows - 1).map((line) => cut(line, columns));
    process.stdout.write(`${drawn > 0 ? `\u001B[${drawn}A` : ''}\u001B[J${fitting.join('\n')}\n`);
    drawn = fitting.length;
  };
};

/** A line for each object whose state is another one than was seen before. */
const tellChanges = (description: Description, seen: ReadonlyMap<string, string>, began: number): void => {
  for (const [object, state] of statesIn(description)) {
    if (seen.get(object) === state) continue;
    process.stdout.write(`${((Date.now() - began) / 1000).toFixed(1).padStart(8)} s  ${object}: ${state}\n`);
  }
};

/** Follows the cluster until it and its pools are provisioned. */
export const followUntilProvisioned = async (
  configuration: ClientConfiguration,
  name: string,
  limitMilliseconds: number,
): Promise<void> => {
  const began = Date.now();
  const draw = process.stdout.isTTY ? drawer() : undefined;
  let seen = new Map<string, string>();
  let lines: readonly string[] = [];
  for (;;) {
    try {
      const description = await readDescription(configuration, name, undefined);
      lines = describeLines(description, Date.now(), colors);
      if (draw === undefined) tellChanges(description, seen, began);
      else draw(lines);
      seen = new Map(statesIn(description));
      if (isProvisioned(description)) return;
    } catch (error) {
      // Right after the start a look may come too early; what lasts shows at the end.
      lines = [messageOf(error)];
    }
    if (Date.now() - began > limitMilliseconds) {
      throw new SandboxFailure(
        'part',
        `${name} is not provisioned after ${limitMilliseconds / 1000} s:\n${lines.join('\n')}`,
        '`npm run sandbox -- status` shows whether all parts run, `npm run sandbox -- logs slipway-worker` what failed; the sandbox goes on trying',
      );
    }
    await delay(LOOK_EVERY_MILLISECONDS);
  }
};

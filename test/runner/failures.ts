/**
 * Failures: what failed in a run, one line each, for the end of its output, where it is looked for.
 *
 * Owns: the line. Neighbours: `../run.ts` reads jest's report and prints them; jest itself has told each where it happened.
 */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The part of jest's report (`--json`) that tells of failures. */
export type FailureReport = {
  readonly testResults: readonly {
    /** The file, absolute. */
    readonly name: string;
    /** Why the file could not be loaded; each test's failure once more where it could. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
};

/** Enough for what was expected, what there was, and where. */
const LONGEST = 600;

/** A line of a stack that is none of ours. */
const FOREIGN = /^\s+at .*(node_modules|\bnode:|<anonymous>).*$/gm;

const briefly = (message: string): string => {
  const line = stripVTControlCharacters(message).replaceAll(FOREIGN, '').replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
};

/** `failed: test/rooms.test.ts › it works: Error: it doesn't`, for each test that failed and each file that couldn't be loaded. */
export const failureLines = ({ testResults }: FailureReport, checkout: string): readonly string[] =>
  testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(checkout, name);
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    if (assertionResults.length === 0 && message !== '') return [`failed: ${file}: ${briefly(message)}`];
    return failed.map(
      ({ fullName, failureMessages }) => `failed: ${file} › ${fullName}: ${briefly(failureMessages.join(' '))}`,
    );
  });

/**
 * Completion: what could be typed next in a command line of ours.
 *
 * Owns: reading a half-typed line by the tree of commands, so that a new command or option completes without a word here.
 * What a value may be says the tree, too: its choices, else the placeholder in its help, such as `<namespace>`. Pure.
 * Neighbours: `shell-words.ts` took the line apart, `candidates.ts` asks the API for names, `completion-scripts.ts` has the
 * shells' part.
 */

import type { Argument, Command, Option } from 'commander';
import { knownVersions, RELEASES } from '../../api/releases.ts';
import { ownOf } from '../../words/own.ts';
import { NEWEST } from '../../words/restore.ts';
import { isManagements } from './options.ts';
import type { Line } from './shell-words.ts';

export type Candidate = { readonly value: string; readonly about?: string };

/** Where names are looked up, as far as the line says it. */
export type Scope = {
  readonly namespace?: string;
  /** Kubeconfig of the management API. */
  readonly kubeconfig?: string;
};

export type Wanted =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'namespaces'; readonly scope: Scope }
  /** Names of objects. `type` is the word that was typed for their kind; without, they are clusters. */
  | { readonly kind: 'names'; readonly scope: Scope; readonly type?: string }
  /** Steps of an object's operation. */
  | { readonly kind: 'steps'; readonly scope: Scope; readonly type?: string; readonly name: string };

/** What is wanted, and what was typed of it. */
export type Completion = { readonly wanted: Wanted; readonly typed: string };

const NOTHING: Wanted = { kind: 'words', candidates: [] };

/** What people wait for, in seconds; any other number is as good. */
const WAITS: readonly Candidate[] = [
  { value: '5', about: 'five seconds' },
  { value: '30', about: 'half a minute' },
  { value: '300', about: 'five minutes' },
];

/** Every number that a revision has, the newest first: which a cluster may be brought to says the command. */
const REVISIONS: readonly Candidate[] = [...new Set(RELEASES.map(({ revision }) => revision))]
  .sort((a, b) => b - a)
  .map((revision) => ({ value: String(revision) }));

/** Every version that there is, the newest first: which a cluster may be asked for says the command. */
const VERSIONS: readonly Candidate[] = knownVersions().map((value) => ({ value }));

/** Of a cluster that may be gone nobody knows more. */
const CLUSTER_IDS: readonly Candidate[] = [{ value: 'gke-', about: 'eight hexadecimal digits follow' }];
/** What ids look like: those that there are, a worker would have to list. */
const THING_IDS: readonly Candidate[] = [{ value: 'vol-', about: 'as slipway orphans lists it' }];

/** Keys are long, and known to S3 alone: `slipway clusters backups` lists them. */
const SNAPSHOTS: readonly Candidate[] = [{ value: NEWEST, about: 'the newest that can be restored' }];

type Read = {
  readonly command: Command;
  /** Options with their values; of a flag it is empty. */
  readonly given: readonly { readonly option: Option; readonly value: string }[];
  readonly positional: readonly string[];
  /** An option that the next word is the value of. */
  readonly pending?: Option;
  /** After `--` nothing is an option. */
  readonly closed?: true;
};

const takesValue = ({ required, optional }: Option): boolean => required || optional;

/** Commander takes options of a parent, too, wherever they are. */
const optionsOf = (command: Command): readonly Option[] => [
  ...command.createHelp().visibleOptions(command),
  ...(command.parent === null ? [] : optionsOf(command.parent).filter(({ long }) => long !== '--help')),
];

const commandsOf = (command: Command): readonly Command[] => command.createHelp().visibleCommands(command);

/** An option in one word with its value, as in `--output=json` and `-ojson`, or alone. */
const optionIn = (command: Command, word: string): { readonly option: Option; readonly value?: string } | undefined => {
  const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  for (const option of optionsOf(command)) {
    if (option.long === name) return { option, ...(value === undefined ? {} : { value }) };
    const { short } = option;
    if (short === undefined || !word.startsWith(short)) continue;
    if (word === short) return { option };
    if (takesValue(option)) return { option, value: word.slice(short.length) };
  }
  return undefined;
};

/** A word that begins as an option does; one that nobody knows is passed over. */
const readOption = (read: Read, word: string): Read => {
  const found = optionIn(read.command, word);
  if (found === undefined) return read;
  const { option, value } = found;
  if (value === undefined && takesValue(option)) return { ...read, pending: option };
  return { ...read, given: [...read.given, { option, value: value ?? '' }] };
};

/** A command, or an argument of the one before. */
const readArgument = (read: Read, word: string): Read => {
  const { command, positional } = read;
  const below = positional.length === 0 ? commandsOf(command).find((one) => one.name() === word) : undefined;
  // `help clusters list` is about commands as if it were not there.
  if (below?.name() === 'help') return read;
  return below === undefined
    ? { ...read, positional: [...positional, word] }
    : { ...read, command: below, positional: [] };
};

const readWord = (read: Read, word: string): Read => {
  const { pending, ...others } = read;
  if (pending !== undefined) return { ...others, given: [...read.given, { option: pending, value: word }] };
  if (read.closed !== true && word === '--') return { ...read, closed: true };
  return read.closed !== true && word.startsWith('-') && word !== '-'
    ? readOption(read, word)
    : readArgument(read, word);
};

const scopeOf = ({ given }: Read): Scope => {
  const namespace = given.findLast(({ option }) => option.long === '--namespace')?.value;
  const kubeconfig = given.findLast(({ option }) => isManagements(option))?.value;
  return { ...(namespace ? { namespace } : {}), ...(kubeconfig ? { kubeconfig } : {}) };
};

const argumentNamed = ({ command, positional }: Read, name: string): string | undefined =>
  positional[command.registeredArguments.findIndex((argument) => argument.name() === name)];

/** The longer spelling of another choice says nothing new. */
const shortest = (choices: readonly string[]): readonly Candidate[] =>
  choices
    .filter((choice) => !choices.some((other) => other !== choice && choice.startsWith(other)))
    .map((value) => ({ value }));

/** Words that are the same for everybody, by the name that the help gives the value. */
const WORDS: Readonly<Record<string, readonly Candidate[]>> = {
  seconds: WAITS,
  number: REVISIONS,
  version: VERSIONS,
  'cluster id': CLUSTER_IDS,
  id: THING_IDS,
  snapshot: SNAPSHOTS,
};

/** What stands for a value, by the name that its help gives it. */
const placeholder = (read: Read, name: string): Wanted => {
  const scope = scopeOf(read);
  const type = argumentNamed(read, 'kind');
  const about = { scope, ...(type === undefined ? {} : { type }) };
  switch (name) {
    case 'path':
      return { kind: 'files' };
    case 'namespace':
      return { kind: 'namespaces', scope };
    case 'name':
      return { kind: 'names', ...about };
    case 'step': {
      const object = argumentNamed(read, 'name');
      return object === undefined ? NOTHING : { kind: 'steps', ...about, name: object };
    }
    default: {
      const candidates = ownOf(WORDS, name);
      return candidates === undefined ? NOTHING : { kind: 'words', candidates };
    }
  }
};

const valueOf = (read: Read, option: Option): Wanted =>
  option.argChoices === undefined
    ? placeholder(read, /[<[](.+)[>\]]/.exec(option.flags)?.[1] ?? '')
    : { kind: 'words', candidates: option.argChoices.map((value) => ({ value })) };

const argumentOf = (read: Read, argument: Argument | undefined): Wanted => {
  if (argument === undefined) return NOTHING;
  if (argument.argChoices === undefined) return placeholder(read, argument.name());
  return { kind: 'words', candidates: shortest(argument.argChoices) };
};

const flags = ({ command, given }: Read): Wanted => ({
  kind: 'words',
  candidates: optionsOf(command)
    .filter((option) => !given.some((one) => one.option.long === option.long))
    .flatMap(({ long, description }) => (long ? [{ value: long, about: description }] : [])),
});

/** What could stand where the cursor is. */
export const completionOf = (program: Command, { before, current }: Line): Completion => {
  const start: Read = { command: program, given: [], positional: [] };
  const read = before.slice(1).reduce(readWord, start);
  const { command, positional, pending, closed } = read;
  if (pending !== undefined) return { wanted: valueOf(read, pending), typed: current };
  if (closed !== true && current.startsWith('-')) {
    const found = current.includes('=') ? optionIn(command, current) : undefined;
    if (found?.value === undefined) return { wanted: flags(read), typed: current };
    return { wanted: takesValue(found.option) ? valueOf(read, found.option) : NOTHING, typed: found.value };
  }
  const below = positional.length === 0 ? commandsOf(command) : [];
  if (below.length > 0) {
    const candidates = below.map((one) => ({ value: one.name(), about: one.description() }));
    return { wanted: { kind: 'words', candidates }, typed: current };
  }
  return { wanted: argumentOf(read, command.registeredArguments[positional.length]), typed: current };
};

/**
 * Plan: the cases of the matrix, from what clean runs recorded.
 *
 * Owns: which calls there are and which faults each meets. Neighbours: `run.ts` lives them. Pure.
 *
 * A call is on the list when two clean runs on a warm worker both made it. Calls that only a worker's first case makes (who
 * it is, what an account offers) come from a third run on a fresh one, and get a fresh one for each of their cases. Of what
 * is done again and again (a wait's looks, an entity's assessments, writes of a status) the first `REPEATED` calls of each
 * name are on the list: the rest are the same line of the same code.
 *
 * A read has no effect. That its answer is lost, and that it comes late, is to the worker the same as a failure before it:
 * such pairs are not run a second time unless `all` is asked for.
 */
import type { HeardCall } from './calls.ts';
import { FAULTS, type Fault } from './faults.ts';

export type ListedCall = Pick<HeardCall, 'name' | 'number' | 'mutating'> & {
  /** Only a process that has seen nothing makes it. */
  readonly fresh: boolean;
};

export type Case = { readonly call: ListedCall; readonly fault: Fault };

const REPEATED = 2;
const AGAIN_AND_AGAIN = / · (assess|mirror status|wait [^·]*) · /;

const keyOf = ({ name, number }: Pick<HeardCall, 'name' | 'number'>): string => `${name} · ${number}`;

export const listCalls = (
  fresh: readonly HeardCall[],
  warm: readonly [readonly HeardCall[], readonly HeardCall[]],
): readonly ListedCall[] => {
  const [first, second] = [new Set(warm[0].map(keyOf)), new Set(warm[1].map(keyOf))];
  const listed = (calls: readonly HeardCall[], isFresh: boolean): ListedCall[] =>
    calls
      .filter(({ name, number }) => number <= REPEATED || !AGAIN_AND_AGAIN.test(name))
      .map(({ name, number, mutating }) => ({ name, number, mutating, fresh: isFresh }));
  return [
    ...listed(
      fresh.filter((call) => call.number === 1 && ![...warm[0], ...warm[1]].some(({ name }) => name === call.name)),
      true,
    ),
    ...listed(
      warm[0].filter((call) => second.has(keyOf(call)) && first.has(keyOf(call))),
      false,
    ),
  ];
};

const facesOf = (call: ListedCall, all: boolean): readonly Fault[] =>
  call.mutating || all ? (Object.keys(FAULTS) as Fault[]) : ['fails', 'throttled', 'killed'];

export const casesOf = (calls: readonly ListedCall[], all: boolean): readonly Case[] =>
  calls.flatMap((call) => facesOf(call, all).map((fault) => ({ call, fault })));

/** By which `--only` finds a case again. */
export const nameOfCase = ({ call, fault }: Case): string => `${keyOf(call)} · ${fault}`;

/** So many of them, evenly over the whole list. */
export const spread = (cases: readonly Case[], count: number): readonly Case[] =>
  count >= cases.length
    ? cases
    : Array.from({ length: count }, (_, index) => cases[Math.floor(((index + 0.5) * cases.length) / count)]).filter(
        (one) => one !== undefined,
      );

/** Every fault so many times, spread over create and delete; each fault begins at another place of the list. */
export const representative = (cases: readonly Case[], each: number): readonly Case[] =>
  (Object.keys(FAULTS) as Fault[]).flatMap((fault, index) => {
    const ofFault = cases.filter((one) => one.fault === fault && !one.call.fresh);
    const shift = Math.floor((index * ofFault.length) / (each * 5));
    return spread([...ofFault.slice(shift), ...ofFault.slice(0, shift)], each);
  });

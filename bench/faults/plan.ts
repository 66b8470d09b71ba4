/**
 * Plan: the cases of the matrix, from what clean runs recorded.
 *
 * Owns: which calls there are and which faults each meets. Neighbours: `run.ts` lives them. Pure.
 *
 * A call is on the list when two clean runs on a warm worker both made it. Calls that only a worker's first case makes (who
 * it is, what an account offers) come from a third run on a fresh one, and get a fresh one for each of their cases. What is
 * done again and again (a wait's looks, those at what a machine was told, or at its end, those of a cluster that goes at its pools, an
 * entity's assessments, writes of a status) varies in number: its first read of each name is on the list, and its first two changes. Of
 * what is done to a pool or a control plane while its cluster stands, two cases without a fault are recorded on a warm worker.
 *
 * Two kinds of pairs are only run when `all` is asked for, because they say nothing new. A read has no effect: that its
 * answer is lost, and that it comes late, is to the worker the same as a failure before it. And the steps of replicas 0, 1
 * and 2 are the same code with another number: each fault meets one of the three, another one from fault to fault.
 */
import type { HeardCall } from './calls.ts';
import { canMeet, FAULTS, type Fault } from './faults.ts';
import type { SituationName } from './situations.ts';

export type ListedCall = Pick<HeardCall, 'name' | 'number' | 'mutating' | 'service'> & {
  /** Only a process that has seen nothing makes it. */
  readonly fresh: boolean;
  /** Where it is made; absent of a create and a delete. */
  readonly situation?: SituationName;
};

const KINDS = Object.keys(FAULTS) as Fault[];

export type Case = { readonly call: ListedCall; readonly fault: Fault };

const REPEATED = { reads: 1, changes: 2 };
const AGAIN_AND_AGAIN =
  / · (assess|mirror status|wait [^·]*|ensure (?:order|snapshot)\/[^·]*|remove (?:instance\/[^·]*|node-pools\/all)) · /;

const keyOf = ({ name, number }: Pick<HeardCall, 'name' | 'number'>): string => `${name} · ${number}`;

/** As a report has it. */
export const titleOf = ({ situation, name }: Pick<ListedCall, 'name' | 'situation'>): string =>
  situation === undefined ? name : `${situation}: ${name}`;

export const listCalls = (
  fresh: readonly HeardCall[],
  warm: readonly [readonly HeardCall[], readonly HeardCall[]],
): readonly ListedCall[] => {
  const again = new Set(warm[1].map(keyOf));
  const listed = (calls: readonly HeardCall[], isFresh: boolean): ListedCall[] =>
    calls
      .filter(
        ({ name, number, mutating }) =>
          number <= (mutating ? REPEATED.changes : REPEATED.reads) || !AGAIN_AND_AGAIN.test(name),
      )
      .map(({ name, number, mutating, service }) => ({ name, number, mutating, service, fresh: isFresh }));
  return [
    ...listed(
      fresh.filter((call) => call.number === 1 && ![...warm[0], ...warm[1]].some(({ name }) => name === call.name)),
      true,
    ),
    ...listed(
      warm[0].filter((call) => again.has(keyOf(call))),
      false,
    ),
  ];
};

/** With `all`, also a read's answer that is lost or comes late. */
const facesOf = (call: ListedCall, all: boolean): readonly Fault[] =>
  KINDS.filter((fault) => canMeet(fault, call) || (all && (fault === 'lost' || fault === 'late')));

/** The replica that a call is about, and the call without it: `etcd-volume/0`, `launch-template/controlplane-0/<version>`. */
const REPLICA = /(?<=[-/])[0-2](?= ·|\/)/;

/** Whether this is the replica's turn to meet the fault; what is about no replica meets each. */
const isItsTurn = (call: ListedCall, fault: Fault, replicas: ReadonlyMap<string, readonly string[]>): boolean => {
  const index = REPLICA.exec(call.name)?.[0];
  if (index === undefined) return true;
  const alike = replicas.get(likenessOf(call)) ?? [];
  return alike[KINDS.indexOf(fault) % alike.length] === index;
};

const likenessOf = (call: ListedCall): string => keyOf({ ...call, name: call.name.replace(REPLICA, '#') });

export const casesOf = (calls: readonly ListedCall[], all: boolean): readonly Case[] => {
  const replicas = new Map<string, string[]>();
  for (const call of calls) {
    const index = REPLICA.exec(call.name)?.[0];
    if (index === undefined) continue;
    const key = likenessOf(call);
    replicas.set(key, [...(replicas.get(key) ?? []), index].sort());
  }
  return calls.flatMap((call) =>
    facesOf(call, all)
      .filter((fault) => all || isItsTurn(call, fault, replicas))
      .map((fault) => ({ call, fault })),
  );
};

/** Of what two cases without a fault both called, while a cluster stood. */
export const listChangeCalls = (
  situation: SituationName,
  lived: readonly [readonly HeardCall[], readonly HeardCall[]],
): readonly ListedCall[] => listCalls([], lived).map((call) => ({ ...call, situation }));

export const needsOwnLane = (one: Case): boolean => one.fault === 'killed' || one.call.fresh;

const isOfDelete = ({ call }: Case): boolean => call.name.startsWith('Delete');

/**
 * A life has room for two cases: one of a delete's calls, and one of any other, which comes before. Cases of one life have the
 * same kind of lane. The order stays.
 */
export const livesOf = (cases: readonly Case[]): readonly (readonly Case[])[] =>
  [true, false].flatMap((own) => {
    const alike = cases.filter((one) => needsOwnLane(one) === own);
    const [later, earlier] = [alike.filter(isOfDelete), alike.filter((one) => !isOfDelete(one))];
    return Array.from({ length: Math.max(later.length, earlier.length) }, (_, index) =>
      [earlier[index], later[index]].filter((one) => one !== undefined),
    );
  });

/** By which `--only` finds a case again. */
export const nameOfCase = ({ call, fault }: Case): string => `${keyOf({ ...call, name: titleOf(call) })} · ${fault}`;

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * In an order of which every beginning has each fault as often as the others, each spread evenly over create and delete. The
 * same each time.
 */
export const spreadOut = (cases: readonly Case[]): readonly Case[] =>
  KINDS.flatMap((fault, turn) =>
    cases
      .filter((one) => one.fault === fault)
      .map((one, index) => ({ one, at: ((index + 1 + turn / KINDS.length) * GOLDEN) % 1 }))
      .sort((a, b) => a.at - b.at)
      .map(({ one }, round) => ({ one, round, turn })),
  )
    .sort((a, b) => a.round - b.round || a.turn - b.turn)
    .map(({ one }) => one);

/**
 * Changing: the cases of what is done to a cluster that stands, to its node pool or its control plane, one after the other.
 *
 * Owns: which cluster lives which case: one of the case's place, in a lane of the case's kind; a cluster in which a case went wrong is
 * taken away, and another takes its place. Neighbours: `stages.ts` stands clusters up and judges, `matrix.ts` asks.
 */
import { type CaseResult, resultOf, targetOf } from './attempts.ts';
import type { Lane } from './lane.ts';
import { type Case, type ListedCall, listChangeCalls, needsOwnLane } from './plan.ts';
import type { Setting } from './setting.ts';
import type { SituationName } from './situations.ts';
import { callsToMeet, judgeLived, type Lived, type Stand, stageOf, standFor } from './stages.ts';
import type { StandingSettings } from './standing.ts';

export type Recorded = { readonly calls: readonly ListedCall[]; readonly cleans: ReadonlyMap<SituationName, Lived> };

type Ground = {
  readonly setting: Setting;
  readonly settings: StandingSettings;
  /** Of a cluster that nobody has been. */
  readonly nextName: () => string;
};

const byPlace = (names: readonly SituationName[]): readonly (readonly SituationName[])[] =>
  [...new Set(names.map((name) => stageOf(name).place))].map((place) =>
    names.filter((name) => stageOf(name).place === place),
  );

/** One cluster after the other: the same for as long as the next case can be lived in it. */
const standsIn = ({ setting, settings, nextName }: Ground, lane: Lane) => {
  let standing: Stand | undefined;
  const leave = async (): Promise<void> => {
    const left = standing;
    standing = undefined;
    await left?.end();
  };
  return {
    leave,
    for: async (situation: SituationName): Promise<Stand> => {
      if (standing !== undefined && standing.place === stageOf(situation).place) return standing;
      await leave();
      standing = await standFor(setting, { situation, name: nextName(), lane }, settings);
      return standing;
    },
  };
};

/** Each situation without a fault, twice or once: what its cases are judged by, and the calls that all made. */
export const recordChanges = async (
  ground: Ground,
  lane: Lane,
  { names, twice }: { readonly names: readonly SituationName[]; readonly twice: boolean },
): Promise<Recorded> => {
  const cleans = new Map<SituationName, Lived>();
  const calls: ListedCall[] = [];
  const recordAlike = async (alike: readonly SituationName[]): Promise<void> => {
    const stands = standsIn(ground, lane);
    const live = async (name: SituationName): Promise<Lived> => {
      const lived = await (await stands.for(name)).live(name, []);
      if (stageOf(name).once) await stands.leave();
      return lived;
    };
    for (const name of alike) {
      const first = await live(name);
      const second = twice ? await live(name) : first;
      for (const clean of [first, second]) {
        const wrong = judgeLived(clean, first);
        if (wrong.length > 0) throw new Error(`${name} without a fault is wrong already:\n${wrong.join('\n')}`);
      }
      cleans.set(name, first);
      calls.push(...listChangeCalls(name, [callsToMeet(first), callsToMeet(second)]));
    }
    await stands.leave();
  };
  await Promise.all(byPlace(names).map(recordAlike));
  return { calls, cleans };
};

type Living = {
  readonly cleans: Recorded['cleans'];
  readonly mayBegin: () => boolean;
  readonly onResult: (result: CaseResult) => void;
};

/** Lives cases in one cluster after the other, none of which is left. */
const liveQueue = async (
  ground: Ground,
  lane: Lane,
  queue: Case[],
  { cleans, mayBegin, onResult }: Living,
): Promise<readonly CaseResult[]> => {
  const results: CaseResult[] = [];
  const stands = standsIn(ground, lane);
  const attempt = async (one: Case, name: SituationName, clean: Lived): Promise<CaseResult> => {
    const began = Date.now();
    const stand = await stands.for(name);
    const outcome = await stand.live(name, [targetOf(one)]).then(
      (lived) => ({ wrong: judgeLived(lived, clean), met: lived.change.met }),
      (error: unknown) => ({ wrong: [`stuck: ${error instanceof Error ? error.message : String(error)}`], met: [] }),
    );
    if (outcome.wrong.length > 0 || stageOf(name).once) await stands.leave();
    return resultOf(one, { ...outcome, seconds: (Date.now() - began) / 1_000 });
  };
  for (let one = queue.shift(); one !== undefined && mayBegin(); one = queue.shift()) {
    const { situation } = one.call;
    const clean = situation === undefined ? undefined : cleans.get(situation);
    if (situation === undefined || clean === undefined) throw new Error(`${one.call.name} is of no situation`);
    const first = await attempt(one, situation, clean);
    // Once more where the call doesn't come.
    const result = first.met || first.wrong.length > 0 ? first : await attempt(one, situation, clean);
    onResult(result);
    results.push(result);
  }
  await stands.leave();
  return results;
};

/** All of them: `width` clusters side by side in the lane that all share, `lanes` in lanes of their own. */
export const liveChanges = async (
  ground: Ground,
  shared: Lane,
  cases: readonly Case[],
  living: Living & { readonly width: number; readonly lanes: number },
): Promise<readonly CaseResult[]> => {
  const placeOf = ({ call }: Case): string => (call.situation === undefined ? '' : stageOf(call.situation).place);
  const queueOf = (own: boolean): Case[] =>
    cases.filter((one) => needsOwnLane(one) === own).toSorted((a, b) => placeOf(a).localeCompare(placeOf(b)));
  const [sharing, own] = [queueOf(false), queueOf(true)];
  const inOwnLane = async (number: number): Promise<readonly CaseResult[]> =>
    own.length === 0 ? [] : liveQueue(ground, await ground.setting.startLane(`changes-${number}`), own, living);
  const results = await Promise.all([
    ...Array.from({ length: Math.min(living.width, sharing.length) }, () => liveQueue(ground, shared, sharing, living)),
    ...Array.from({ length: Math.min(living.lanes, own.length) }, (_, number) => inOwnLane(number)),
  ]);
  return results.flat();
};

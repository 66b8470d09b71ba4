/**
 * Changing: the cases of what is done to a node pool while its cluster stands, one after the other in clusters that stand.
 *
 * Owns: which cluster lives which case: one of as many nodes, in a lane of the case's kind; a cluster in which a case went wrong is
 * taken away, and another takes its place. Neighbours: `standing.ts` lives one, `changes.ts` judges it, `matrix.ts` asks.
 */
import { type CaseResult, resultOf, targetOf } from './attempts.ts';
import { judgeChange } from './changes.ts';
import type { Lane } from './lane.ts';
import { type Case, type ListedCall, listChangeCalls, needsOwnLane } from './plan.ts';
import type { Setting } from './setting.ts';
import { SITUATIONS, type SituationName } from './situations.ts';
import { type Change, type Standing, type StandingSettings, standUp } from './standing.ts';

export type Recorded = { readonly calls: readonly ListedCall[]; readonly cleans: ReadonlyMap<SituationName, Change> };

type Ground = {
  readonly setting: Setting;
  readonly settings: StandingSettings;
  /** Of a cluster that nobody has been. */
  readonly nextName: () => string;
};

const byNodes = (names: readonly SituationName[]): readonly (readonly SituationName[])[] =>
  [...new Set(names.map((name) => SITUATIONS[name].nodes))].map((nodes) =>
    names.filter((name) => SITUATIONS[name].nodes === nodes),
  );

const stand = ({ setting, settings, nextName }: Ground, lane: Lane, nodes: number): Promise<Standing> =>
  standUp(setting, { name: nextName(), nodes, lane }, settings);

/** Each situation twice without a fault: what its cases are judged by, and the calls that both made. */
export const recordChanges = async (ground: Ground, lane: Lane, names: readonly SituationName[]): Promise<Recorded> => {
  const cleans = new Map<SituationName, Change>();
  const calls: ListedCall[] = [];
  const record = async (standing: Standing, name: SituationName): Promise<void> => {
    const first = await standing.live(SITUATIONS[name], []);
    const second = await standing.live(SITUATIONS[name], []);
    for (const clean of [first, second]) {
      const wrong = judgeChange(clean, first, SITUATIONS[name]);
      if (wrong.length > 0) throw new Error(`${name} without a fault is wrong already:\n${wrong.join('\n')}`);
    }
    cleans.set(name, first);
    calls.push(...listChangeCalls(name, [first.calls, second.calls]));
  };
  await Promise.all(
    byNodes(names).map(async (alike) => {
      const [one] = alike;
      if (one === undefined) return;
      const standing = await stand(ground, lane, SITUATIONS[one].nodes);
      for (const name of alike) await record(standing, name);
      await standing.end();
    }),
  );
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
  let standing: { readonly cluster: Standing; readonly nodes: number } | undefined;
  const clusterOf = async (nodes: number): Promise<Standing> => {
    if (standing?.nodes === nodes) return standing.cluster;
    await standing?.cluster.end();
    standing = { cluster: await stand(ground, lane, nodes), nodes };
    return standing.cluster;
  };
  const attempt = async (one: Case, name: SituationName, clean: Change): Promise<CaseResult> => {
    const began = Date.now();
    const situation = SITUATIONS[name];
    const cluster = await clusterOf(situation.nodes);
    const lived = await cluster.live(situation, [targetOf(one)]).then(
      (change) => ({ wrong: judgeChange(change, clean, situation), met: change.met }),
      (error: unknown) => ({ wrong: [`stuck: ${error instanceof Error ? error.message : String(error)}`], met: [] }),
    );
    if (lived.wrong.length > 0) {
      standing = undefined;
      await cluster.end();
    }
    return resultOf(one, { ...lived, seconds: (Date.now() - began) / 1_000 });
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
  await standing?.cluster.end();
  return results;
};

/** All of them: `width` clusters side by side in the lane that all share, `lanes` in lanes of their own. */
export const liveChanges = async (
  ground: Ground,
  shared: Lane,
  cases: readonly Case[],
  living: Living & { readonly width: number; readonly lanes: number },
): Promise<readonly CaseResult[]> => {
  const nodesOf = ({ call }: Case): number => (call.situation === undefined ? 0 : SITUATIONS[call.situation].nodes);
  const queueOf = (own: boolean): Case[] =>
    cases.filter((one) => needsOwnLane(one) === own).toSorted((a, b) => nodesOf(a) - nodesOf(b));
  const [sharing, own] = [queueOf(false), queueOf(true)];
  const inOwnLane = async (number: number): Promise<readonly CaseResult[]> =>
    own.length === 0 ? [] : liveQueue(ground, await ground.setting.startLane(`changes-${number}`), own, living);
  const results = await Promise.all([
    ...Array.from({ length: Math.min(living.width, sharing.length) }, () => liveQueue(ground, shared, sharing, living)),
    ...Array.from({ length: Math.min(living.lanes, own.length) }, (_, number) => inOwnLane(number)),
  ]);
  return results.flat();
};

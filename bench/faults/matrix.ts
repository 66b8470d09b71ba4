/**
 * Matrix: records the calls of clean lives, and lives one case for each call and fault.
 *
 * Owns: the order: recordings, then all cases side by side, each in a lane of its kind. Neighbours: `life.ts` lives,
 * `checks.ts` judges, `report.ts` prints, `test/faults/` runs a part of it.
 */
import pLimit from 'p-limit';
import { smallCluster } from '../manifests.ts';
import type { HeardCall } from './calls.ts';
import { judge } from './checks.ts';
import type { Lane } from './lane.ts';
import { type Life, live } from './life.ts';
import { type Case, casesOf, type ListedCall, listCalls, nameOfCase } from './plan.ts';
import type { Setting } from './setting.ts';

export type MatrixSettings = {
  /** Cases side by side in the lane that all share, and in lanes of their own. */
  readonly width: number;
  readonly lanes: number;
  readonly all: boolean;
  readonly lateMs: number;
  readonly limitMs: number;
  /** Asked before each case: false leaves the rest out. */
  readonly mayBegin: () => boolean;
  /** Told of the list once it is recorded. */
  readonly onList: (calls: readonly ListedCall[], cases: number) => void;
  /** Which of all cases to live. */
  readonly choose: (cases: readonly Case[]) => readonly Case[];
  readonly onCase: (result: CaseResult, done: number, of: number) => void;
};

export type CaseResult = {
  readonly name: string;
  readonly one: Case;
  readonly wrong: readonly string[];
  /** False where the call never came, in two lives: which of several steps makes it is chance. */
  readonly met: boolean;
  readonly seconds: number;
};

export type MatrixResult = {
  readonly calls: readonly ListedCall[];
  /** How many cases the whole matrix has. */
  readonly cases: number;
  readonly results: readonly CaseResult[];
  /** What the account has that it didn't have before, or has no more. */
  readonly account: readonly string[];
  readonly recordingSeconds: number;
  readonly casesSeconds: number;
};

/** One in so many cases has its histories read for secrets (I8). */
const SECRETS_EVERY = 10;
/** A case whose call doesn't come is lived once more. */
const LIVES = 2;

const rowsOf = async ({ world }: Setting): Promise<readonly string[]> =>
  (await world.inventory()).map((row) => JSON.stringify(row));

const accountDifference = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...after.filter((row) => !before.includes(row)).map((row) => `now: ${row}`),
  ...before.filter((row) => !after.includes(row)).map((row) => `before: ${row}`),
];

export const runMatrix = async (setting: Setting, settings: MatrixSettings): Promise<MatrixResult> => {
  const { cloud, world } = setting;
  const before = await rowsOf(setting);
  const began = Date.now();
  const counter = { last: -1, done: 0 };

  const liveIn = (lane: Lane, one?: Case): Promise<Life> => {
    counter.last += 1;
    const name = `f${counter.last}`;
    setting.assign(name, lane);
    const { lateMs, limitMs } = settings;
    return live({
      cloud,
      world,
      temporal: cloud.temporal,
      lane,
      manifests: smallCluster(name),
      lateMs,
      limitMs,
      lookForSecrets: one === undefined || counter.last % SECRETS_EVERY === 0,
      ...(one === undefined
        ? {}
        : { target: { ofCase: name, call: one.call.name, number: one.call.number, fault: one.fault } }),
    });
  };

  const shared = await setting.startLane('shared');
  const first = await liveIn(shared);
  const [second, third] = await Promise.all([liveIn(shared), liveIn(shared)]);
  for (const clean of [first, second, third]) {
    const wrong = judge(clean, first, undefined);
    if (wrong.length > 0) throw new Error(`a life without a fault is wrong already:\n${wrong.join('\n')}`);
  }
  const calls = listCalls(first.calls, [second.calls, third.calls] satisfies [
    readonly HeardCall[],
    readonly HeardCall[],
  ]);
  const recorded = Date.now();
  const all = casesOf(calls, settings.all);
  settings.onList(calls, all.length);
  const cases = settings.choose(all);

  const attempt = async (lane: Lane, one: Case): Promise<CaseResult> => {
    const started = Date.now();
    const target = { ofCase: '', call: one.call.name, number: one.call.number, fault: one.fault };
    let wrong: readonly string[] = [];
    let met = false;
    try {
      for (let life = 1; life <= LIVES && !met && wrong.length === 0; life += 1) {
        const lived = await liveIn(lane, one);
        met = lived.met > 0;
        wrong = judge(lived, first, target);
      }
    } catch (error) {
      wrong = [`stuck: ${error instanceof Error ? error.message : String(error)}`];
    }
    const result = { name: nameOfCase(one), one, wrong, met, seconds: (Date.now() - started) / 1_000 };
    counter.done += 1;
    settings.onCase(result, counter.done, cases.length);
    return result;
  };

  /** Undefined where there is no time left for it. */
  const attemptInTime = async (lane: Lane, one: Case): Promise<CaseResult | undefined> =>
    settings.mayBegin() ? attempt(lane, one) : undefined;

  const needsOwn = (one: Case): boolean => one.fault === 'killed' || one.call.fresh;
  const atOnce = pLimit(settings.width);
  const queue = cases.filter(needsOwn);
  const ownLane = async (number: number): Promise<(CaseResult | undefined)[]> => {
    const results: (CaseResult | undefined)[] = [];
    if (queue.length === 0) return results;
    const lane = await setting.startLane(`own-${number}`);
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      if (one.call.fresh && settings.mayBegin()) await lane.restart();
      results.push(await attemptInTime(lane, one));
    }
    return results;
  };
  const results = (
    await Promise.all([
      Promise.all(cases.filter((one) => !needsOwn(one)).map((one) => atOnce(() => attemptInTime(shared, one)))),
      ...Array.from({ length: settings.lanes }, (_, number) => ownLane(number)),
    ])
  )
    .flat()
    .filter((one) => one !== undefined);
  const lived = Date.now();
  return {
    calls,
    cases: all.length,
    results: results.sort((a, b) => (a.name < b.name ? -1 : 1)),
    account: accountDifference(before, await rowsOf(setting)),
    recordingSeconds: (recorded - began) / 1_000,
    casesSeconds: (lived - recorded) / 1_000,
  };
};

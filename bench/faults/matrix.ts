/**
 * Matrix: records the calls of clean lives, and lives a case for each call and fault.
 *
 * Owns: the order: recordings, then all cases of a create and a delete, two a life, lives side by side, each in a lane of its kind; then
 * those of what is done to a cluster that stands. Neighbours: `attempts.ts` has the former lived and judged, `changing.ts` the latter,
 * `run.ts` prints, `test/faults/` runs a part of it.
 */
import pLimit from 'p-limit';
import { smallCluster } from '../manifests.ts';
import { attemptsWith, type CaseResult } from './attempts.ts';
import { liveChanges, recordChanges } from './changing.ts';
import { judge } from './checks.ts';
import type { Lane } from './lane.ts';
import { type Life, live } from './life.ts';
import type { Target } from './messages.ts';
import { type Case, casesOf, type ListedCall, listCalls, livesOf, needsOwnLane } from './plan.ts';
import type { Setting } from './setting.ts';
import { LIFE, type Part } from './situations.ts';

export type MatrixSettings = {
  readonly parts: readonly Part[];
  /** Lives side by side in the lane that all share, and in lanes of their own. */
  readonly width: number;
  readonly lanes: number;
  readonly all: boolean;
  /** Whether what is done to a cluster that stands is recorded twice: calls that only one of both made are left out then. */
  readonly recordTwice: boolean;
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

/** Snapshots of etcd outlive their cluster, as they are meant to. */
const isSnapshot = (key: string): boolean => /^gke-[0-9a-f]{8}\/etcd\//.test(key);

const rowsOf = async ({ world }: Setting): Promise<readonly string[]> =>
  (await world.inventory()).map((row) => {
    const { objects } = row.detail;
    if (!Array.isArray(objects)) return JSON.stringify(row);
    const others = (objects as readonly string[]).filter((key) => !isSnapshot(key));
    return JSON.stringify({ ...row, detail: { ...row.detail, objects: others } });
  });

const accountDifference = (before: readonly string[], after: readonly string[]): readonly string[] => [
  ...after.filter((row) => !before.includes(row)).map((row) => `now: ${row}`),
  ...before.filter((row) => !after.includes(row)).map((row) => `before: ${row}`),
];

type LiveIn = (lane: Lane, targets: readonly Target[]) => Promise<Life>;

/** Lives one case after the other, each under a name of its own. */
const livesIn = (
  setting: Setting,
  { lateMs, limitMs }: MatrixSettings,
  nextName: () => { readonly name: string; readonly number: number },
): LiveIn => {
  const { cloud, world } = setting;
  return (lane, targets) => {
    const { name, number } = nextName();
    setting.assign(name, lane);
    return live({
      cloud,
      world,
      temporal: cloud.temporal,
      lane,
      manifests: smallCluster(name),
      targets,
      lateMs,
      limitMs,
      lookForSecrets: targets.length === 0 || number % SECRETS_EVERY === 0,
    });
  };
};

/** Three lives without a fault: what all others are judged by, and the calls that each of them makes. */
const record = async (
  liveIn: LiveIn,
  lane: Lane,
): Promise<{ readonly clean: Life; readonly calls: readonly ListedCall[] }> => {
  const first = await liveIn(lane, []);
  const [second, third] = await Promise.all([liveIn(lane, []), liveIn(lane, [])]);
  for (const clean of [first, second, third]) {
    const wrong = judge(clean, first, []);
    if (wrong.length > 0) throw new Error(`a life without a fault is wrong already:\n${wrong.join('\n')}`);
  }
  return { clean: first, calls: listCalls(first.calls, [second.calls, third.calls]) };
};

type Attempts = (lane: Lane, chosen: readonly Case[]) => Promise<readonly CaseResult[]>;

type LivesToLive = {
  readonly cases: readonly Case[];
  readonly attempts: Attempts;
  readonly onResult: (result: CaseResult) => void;
};

/** All cases, side by side in the lane that all share, and one after the other in lanes of their own. */
const liveAll = async (
  setting: Setting,
  settings: MatrixSettings,
  shared: Lane,
  { cases, attempts, onResult }: LivesToLive,
): Promise<readonly CaseResult[]> => {
  /** Nothing where there is no time left for it. */
  const liveInTime: Attempts = async (lane, chosen) => {
    if (!settings.mayBegin()) return [];
    const results = await attempts(lane, chosen);
    results.forEach(onResult);
    return results;
  };

  const lives = livesOf(cases);
  const isOwn = (chosen: readonly Case[]): boolean => chosen.some(needsOwnLane);
  const atOnce = pLimit(settings.width);
  const queue = lives.filter(isOwn);
  const ownLane = async (number: number): Promise<readonly CaseResult[]> => {
    const results: CaseResult[] = [];
    if (queue.length === 0) return results;
    const lane = await setting.startLane(`own-${number}`);
    for (let chosen = queue.shift(); chosen !== undefined; chosen = queue.shift()) {
      if (chosen.some(({ call }) => call.fresh) && settings.mayBegin()) await lane.restart();
      results.push(...(await liveInTime(lane, chosen)));
    }
    return results;
  };
  const results = await Promise.all([
    ...lives.filter((chosen) => !isOwn(chosen)).map((chosen) => atOnce(() => liveInTime(shared, chosen))),
    ...Array.from({ length: settings.lanes }, (_, number) => ownLane(number)),
  ]);
  return results.flat();
};

/** What was recorded of a create and a delete, where they are asked for, and how their cases are lived. */
const recordLife = async (
  liveIn: LiveIn,
  shared: Lane,
  parts: readonly Part[],
): Promise<{ readonly calls: readonly ListedCall[]; readonly attempts: Attempts }> => {
  if (!parts.includes(LIFE)) return { calls: [], attempts: () => Promise.resolve([]) };
  const { clean, calls } = await record(liveIn, shared);
  return { calls, attempts: attemptsWith(liveIn, clean) };
};

export const runMatrix = async (setting: Setting, settings: MatrixSettings): Promise<MatrixResult> => {
  const before = await rowsOf(setting);
  const began = Date.now();
  const { parts, mayBegin, width, lanes } = settings;
  const counter = { last: -1, done: 0 };
  const nextName = () => {
    counter.last += 1;
    return { name: `f${counter.last}`, number: counter.last };
  };
  const shared = await setting.startLane('shared');
  const life = await recordLife(livesIn(setting, settings, nextName), shared, parts);
  const ground = { setting, settings, nextName: () => nextName().name };
  const situations = parts.filter((part) => part !== LIFE);
  const { calls: ofChanges, cleans } = await recordChanges(ground, shared, {
    names: situations,
    twice: settings.recordTwice,
  });
  const calls = [...life.calls, ...ofChanges];
  const recorded = Date.now();
  const all = casesOf(calls, settings.all);
  settings.onList(calls, all.length);
  const cases = settings.choose(all);
  const onResult = (result: CaseResult): void => {
    counter.done += 1;
    settings.onCase(result, counter.done, cases.length);
  };
  const isOfLife = ({ call }: Case): boolean => call.situation === undefined;
  const ofLife = { cases: cases.filter(isOfLife), attempts: life.attempts, onResult };
  const results = await liveAll(setting, settings, shared, ofLife);
  const standing = cases.filter((one) => !isOfLife(one));
  const changed = await liveChanges(ground, shared, standing, { cleans, mayBegin, onResult, width, lanes });
  const lived = Date.now();
  return {
    calls,
    cases: all.length,
    results: [...results, ...changed].sort((a, b) => (a.name < b.name ? -1 : 1)),
    account: accountDifference(before, await rowsOf(setting)),
    recordingSeconds: (recorded - began) / 1_000,
    casesSeconds: (lived - recorded) / 1_000,
  };
};

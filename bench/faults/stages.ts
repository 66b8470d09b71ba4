/**
 * Stages: on which cluster each situation is lived, and by whom it is judged.
 *
 * Owns: which situations share a cluster, and which have one for each case. Neighbours: `standing.ts` and `standing-control-plane.ts`
 * stand clusters up, `changes.ts` and `upgrades.ts` judge; `changing.ts` asks.
 */
import type { HeardCall } from './calls.ts';
import { judgeChange } from './changes.ts';
import { CONTROL_PLANES, type ControlPlaneSituationName, controlPlaneOf } from './control-planes.ts';
import type { Lane } from './lane.ts';
import type { Target } from './messages.ts';
import type { Setting } from './setting.ts';
import { type PoolSituationName, SITUATIONS, type SituationName } from './situations.ts';
import { type Change, type StandingSettings, standUp } from './standing.ts';
import { standUpControlPlane, type Upgrade } from './standing-control-plane.ts';
import { judgeUpgrade } from './upgrades.ts';
import { CONTROL_PLANE_VERSIONS } from './versions.ts';

/** A case as it was lived. */
export type Lived =
  | { readonly of: 'node pool'; readonly name: PoolSituationName; readonly change: Change }
  | { readonly of: 'control plane'; readonly name: ControlPlaneSituationName; readonly change: Upgrade };

export type Stage = {
  /** Situations of one place are lived one after the other in one cluster. */
  readonly place: string;
  /** In what a case leaves no other is lived. */
  readonly once: boolean;
};

/** A cluster that stands for the situations of one place. */
export type Stand = {
  readonly place: string;
  readonly live: (name: SituationName, targets: readonly Target[]) => Promise<Lived>;
  readonly end: () => Promise<void>;
};

const isOfControlPlane = (name: SituationName): name is ControlPlaneSituationName => name in CONTROL_PLANES;

export const stageOf = (name: SituationName): Stage => {
  if (!isOfControlPlane(name)) return { place: `a pool of ${SITUATIONS[name].nodes}`, once: false };
  const { snapshot, ends } = controlPlaneOf(name);
  return ends === CONTROL_PLANE_VERSIONS.older
    ? { place: `a control plane, snapshot: ${snapshot}`, once: false }
    : { place: `a control plane for ${name}`, once: true };
};

/** Stands up what the situation is lived in. */
export const standFor = async (
  setting: Setting,
  { situation, name, lane }: { readonly situation: SituationName; readonly name: string; readonly lane: Lane },
  settings: StandingSettings,
): Promise<Stand> => {
  const { place } = stageOf(situation);
  const elsewhere = (other: SituationName) => new Error(`${other} is not lived in ${place}`);
  if (isOfControlPlane(situation)) {
    const { snapshot } = controlPlaneOf(situation);
    const { live, end } = await standUpControlPlane(setting, { name, lane, snapshot }, settings);
    return {
      ...{ place, end },
      live: async (one, targets) => {
        if (!isOfControlPlane(one)) throw elsewhere(one);
        return { of: 'control plane', name: one, change: await live(controlPlaneOf(one), targets) };
      },
    };
  }
  const { live, end } = await standUp(setting, { name, nodes: SITUATIONS[situation].nodes, lane }, settings);
  return {
    ...{ place, end },
    live: async (one, targets) => {
      if (isOfControlPlane(one)) throw elsewhere(one);
      return { of: 'node pool', name: one, change: await live(SITUATIONS[one], targets) };
    },
  };
};

/** Everything that is wrong with it, in sentences; empty where nothing is. `clean`: the same without a fault. */
export const judgeLived = (lived: Lived, clean: Lived): readonly string[] => {
  if (lived.of === 'node pool' && clean.of === 'node pool')
    return judgeChange(lived.change, clean.change, SITUATIONS[lived.name]);
  if (lived.of === 'control plane' && clean.of === 'control plane')
    return judgeUpgrade(lived.change, clean.change, controlPlaneOf(lived.name));
  throw new Error(`${lived.name} was compared with ${clean.name}`);
};

/** Those of its calls that may meet a fault. */
export const callsToMeet = ({ of, name, change }: Lived): readonly HeardCall[] => {
  const meets = of === 'control plane' ? controlPlaneOf(name).meets : undefined;
  return meets === undefined ? change.calls : change.calls.filter((call) => meets.test(call.name));
};

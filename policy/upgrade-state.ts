/**
 * Upgrade state: how far a control plane is on its way from one version to another, as an inventory shows it.
 *
 * Owns: which version the machine of each replica is of, and what each etcd volume says of minors. Nothing of it is remembered: whoever
 * lost status, or all of Temporal's data, reads the same. Neighbours: `decide-upgrade.ts` decides by it, `upgrade-view.ts` tells it. Pure.
 * Invariants: I2, I12 (what no listing shows is undefined, and never "as it should be").
 */
import { compareMinors, type Minor, minorOf } from '../api/minor.ts';
import type { Release } from '../api/releases.ts';
import { type Found, type FoundOf, observedState } from '../kinds/resource.ts';
import { REPLICAS, type ReplicaIndex } from '../topology/values.ts';
import { etcdVolumeKey, machineInKey, replicaGroupKey, replicaMachine, versionInTemplateKey } from '../words/keys.ts';
import { present } from '../words/present.ts';

export type ReplicaState = {
  readonly index: ReplicaIndex;
  /** The version that its group launches. */
  readonly launches?: string;
  /** The version that its machine was made of. */
  readonly runs?: string;
  readonly volumeId?: string;
  /** What its agent said last that it serves as. */
  readonly serves?: Minor;
  /** What its volume is told to serve as, and what it is committed to. */
  readonly emulates?: Minor;
  readonly committed?: Minor;
};

const templateVersion = (inventory: readonly Found[], index: ReplicaIndex, id: string): string | undefined => {
  const template = inventory.find(
    ({ kind, key, outputs }) =>
      kind === 'launch-template' && machineInKey(key) === replicaMachine(index) && outputs.id === id,
  );
  return template === undefined ? undefined : versionInTemplateKey(template.key);
};

const groupIn = (inventory: readonly Found[], index: ReplicaIndex): FoundOf<'auto-scaling-group'> | undefined =>
  inventory.find(
    (found): found is FoundOf<'auto-scaling-group'> =>
      found.kind === 'auto-scaling-group' && found.key === replicaGroupKey(index),
  );

const diskState = (inventory: readonly Found[], index: ReplicaIndex): Omit<ReplicaState, 'index'> => {
  const volume = inventory.find(({ key }) => key === etcdVolumeKey(index));
  if (volume === undefined) return {};
  const { emulates, committed, serves } = observedState('etcd-volume', volume);
  return present({ volumeId: volume.outputs.id, serves: serves?.emulation, emulates, committed });
};

const replicaState = (inventory: readonly Found[], index: ReplicaIndex): ReplicaState => {
  const group = groupIn(inventory, index);
  const { launchTemplateId, instances = [] } = group === undefined ? {} : observedState('auto-scaling-group', group);
  const machine = instances.find(({ inService }) => inService) ?? instances[0];
  const launches = launchTemplateId && templateVersion(inventory, index, launchTemplateId);
  const runs = machine && templateVersion(inventory, index, machine.templateId);
  return { index, ...present({ launches, runs }), ...diskState(inventory, index) };
};

export const replicaStates = (inventory: readonly Found[]): readonly ReplicaState[] =>
  REPLICAS.map((index) => replicaState(inventory, index));

/** The minor that a release's programs serve as where nothing is emulated. */
export const minorOfRelease = ({ kubernetes }: Pick<Release, 'kubernetes'>): Minor => minorOf(kubernetes);

/** A disk that is committed further than that loses what was stored since, on whatever is older. */
export const isBelowFloor = (release: Pick<Release, 'kubernetes'>, states: readonly ReplicaState[]): boolean =>
  states.some(({ committed }) => committed !== undefined && compareMinors(minorOfRelease(release), committed) < 0);

/** The machine that is there, and whatever its group launches next, are of that version. */
export const isOfVersion = ({ launches, runs }: ReplicaState, version: string): boolean =>
  launches === version && (runs === undefined || runs === version);

/** Its disk is committed to this minor, and its machine said that it serves as that. */
export const isCommittedTo = ({ committed, serves }: ReplicaState, minor: Minor): boolean =>
  committed !== undefined && compareMinors(committed, minor) >= 0 && serves === minor;

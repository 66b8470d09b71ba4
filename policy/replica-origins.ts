/**
 * Replica origins: what the machine of each replica was made of, beside what the spec asks for.
 *
 * Owns: what makes a replica's machine outdated: the fingerprint of what it was launched from, never the number of a version, since tags
 * make one, too; and which templates may be rewritten without a rollout, since no machine would be other than it is. Neighbours:
 * `replica-turns.ts` replaces machines, `replicas.ts` says how they are, `activities/aws/origins.ts` reads. Pure.
 * Invariants: I6, I12 (what machines are to be told is not known while something of it is missing: then none is outdated).
 */
import { isToldAlready, type LaunchTemplateProperties } from '../kinds/launch-template.ts';
import { type Found, observedState, type Resource, type ResourceOf } from '../kinds/resource.ts';
import { REPLICAS, type ReplicaIndex } from '../topology/values.ts';
import { machineInKey, type ResourceKey, replicaGroupKey, replicaMachine } from '../words/keys.ts';
import type { Resolved } from '../words/references.ts';
import { knownFrom, resolved } from './known.ts';

export type ReplicaOrigin = {
  readonly index: ReplicaIndex;
  /** The template of its present version. */
  readonly template: ResourceKey;
  /** What its machine is to be made of and told. */
  readonly told: Resolved<LaunchTemplateProperties>;
  readonly isOutdated: boolean;
  /** A machine that its group launches now would be as it is to be. */
  readonly launchesWanted: boolean;
};

type Version = { readonly templateId: string; readonly templateVersion: string };

/** The fingerprint of a version of a template, where it is the newest one or was read. */
const fingerprintOf = (
  { templateId, templateVersion }: Version,
  inventory: readonly Found[],
  read: { readonly fingerprint: string } | undefined,
): { readonly fingerprint: string } | undefined => {
  const newest = inventory.find(
    ({ kind, outputs }) =>
      kind === 'launch-template' && outputs.id === templateId && outputs.version === templateVersion,
  );
  return newest === undefined ? read : { fingerprint: observedState('launch-template', newest).fingerprint };
};

const templateOf = (topology: readonly Resource[], index: ReplicaIndex): ResourceOf<'launch-template'> | undefined =>
  topology.find(
    (resource): resource is ResourceOf<'launch-template'> =>
      resource.kind === 'launch-template' && machineInKey(resource.key) === replicaMachine(index),
  );

const originOf = (
  topology: readonly Resource[],
  inventory: readonly Found[],
  index: ReplicaIndex,
): readonly ReplicaOrigin[] => {
  const template = templateOf(topology, index);
  const group = inventory.find(({ key }) => key === replicaGroupKey(index));
  const told = template && resolved(template.properties, knownFrom(inventory));
  if (template === undefined || group === undefined || told === undefined) return [];
  const wanted = told as Resolved<LaunchTemplateProperties>;
  const state = observedState('auto-scaling-group', group);
  const { instances = [], launchTemplateId: templateId, launchTemplateVersion: templateVersion } = state;
  const machine = instances.find(({ inService }) => inService) ?? instances[0];
  const launches = fingerprintOf({ templateId, templateVersion }, inventory, state.launches);
  const madeOf = machine === undefined ? launches : fingerprintOf(machine, inventory, machine.madeOf);
  return [
    {
      index,
      template: template.key,
      told: wanted,
      // Of a version that is gone nobody knows what it said.
      isOutdated: madeOf === undefined || !isToldAlready(wanted, madeOf),
      launchesWanted: launches !== undefined && isToldAlready(wanted, launches),
    },
  ];
};

/** Of each replica that has a group, and of which is known what its machine is to be. */
export const originsOf = (topology: readonly Resource[], inventory: readonly Found[]): readonly ReplicaOrigin[] =>
  REPLICAS.flatMap((index) => originOf(topology, inventory, index));

/** Templates that may say what the spec asks for without a rollout: their machines are that already. */
export const rewritableIn = (origins: readonly ReplicaOrigin[]): ReadonlySet<ResourceKey> =>
  new Set(origins.flatMap(({ template, isOutdated }) => (isOutdated ? [] : [template])));

/** Keeps one replica, or the nodes of a pool, running without Slipway (I11): unique by name. */
import type { Value } from '../words/references.ts';
import type { Difference, Row, Tags } from './row.ts';

export type AutoScalingGroupProperties = {
  readonly name: string;
  readonly launchTemplateId: Value;
  readonly launchTemplateVersion: Value;
  readonly subnetId: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly tags: Tags;
};

export type GroupInstance = {
  readonly id: string;
  readonly inService: boolean;
  readonly templateVersion: string;
};

export type AutoScalingGroupState = {
  readonly name: string;
  readonly launchTemplateId: string;
  readonly launchTemplateVersion: string;
  readonly minSize: number;
  readonly maxSize: number;
  /** True when AWS is deleting it already: its name is free once it is gone, and its removal is still to be awaited. */
  readonly deleting: boolean;
  /** The machines of a group of one, sorted by id: a replica's. */
  readonly instances?: readonly GroupInstance[];
};
export type AutoScalingGroupIdentity = { readonly name: string };

type What = 'template' | 'size';

export const autoScalingGroup: Row<AutoScalingGroupProperties, AutoScalingGroupState, AutoScalingGroupIdentity, What> =
  {
    planned: 'when it differs',
    changesAws: true,
    differences: (wanted, is) => {
      const launched = `${is.launchTemplateId} version ${is.launchTemplateVersion}`;
      const launches = `${wanted.launchTemplateId} version ${wanted.launchTemplateVersion}`;
      const size = ({ minSize, maxSize }: { readonly minSize: number; readonly maxSize: number }) =>
        `${minSize} to ${maxSize}`;
      const all: readonly (Difference<What> | false)[] = [
        launched !== launches && { what: 'template', says: `it launches ${launched}, not ${launches}` },
        size(is) !== size(wanted) && { what: 'size', says: `its size is ${size(is)}, not ${size(wanted)}` },
      ];
      return all.filter((one) => one !== false);
    },
    counts: ({ deleting }) => !deleting,
    // AWS would end whoever is above the maximum, undrained.
    withheld: ({ maxSize }, is) =>
      maxSize < is.maxSize
        ? {
            reason: `at most ${maxSize} instead of ${is.maxSize} nodes; that takes a resize`,
            instead: { maxSize: is.maxSize },
          }
        : undefined,
    removal: { after: [], identity: ({ state }) => ({ name: state.name }) },
  };

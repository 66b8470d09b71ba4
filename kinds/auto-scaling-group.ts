/** Keeps one replica, or the nodes of a pool, running without Slipway (I11): unique by name. */
import type { Value } from '../words/references.ts';
import type { Difference, Row, Tagged } from './row.ts';

export type AutoScalingGroupProperties = Tagged & {
  readonly name: string;
  readonly launchTemplateId: Value;
  readonly launchTemplateVersion: Value;
  readonly subnetId: string;
  readonly minSize: number;
  readonly maxSize: number;
  /** How many machines it keeps, at least; absent where somebody else says. */
  readonly desired?: number;
};

export type GroupInstance = {
  readonly id: string;
  readonly inService: boolean;
  readonly templateId: string;
  readonly templateVersion: string;
};

export type AutoScalingGroupState = {
  readonly name: string;
  readonly launchTemplateId: string;
  readonly launchTemplateVersion: string;
  readonly minSize: number;
  readonly maxSize: number;
  /** How many machines it keeps; also the output `desired`. */
  readonly desired: number;
  /** The tags of its machines are being changed: an earlier try may have died before it had told all of them. */
  readonly retagging?: true;
  /**
   * Of its processes those without which no machine takes the place of one that is gone, where somebody suspended them, or AWS, which
   * does after a day of launches that failed; with the reason that was given.
   */
  readonly suspended?: readonly { readonly process: string; readonly reason?: string }[];
  /** True when AWS is deleting it already: its name is free once it is gone, and its removal is still to be awaited. */
  readonly deleting: boolean;
  /** The machines of a group of one, sorted by id: a replica's. */
  readonly instances?: readonly GroupInstance[];
};
export type AutoScalingGroupIdentity = { readonly name: string };

type What = 'template' | 'size' | 'desired' | 'suspended' | 'tags';

const suspendedIn = ({ suspended = [] }: AutoScalingGroupState): readonly Difference<What>[] =>
  suspended.map(({ process, reason }) => ({
    what: 'suspended',
    item: process,
    says: `its process ${process} is suspended${reason === undefined ? '' : ` (${reason})`}, so that no machine takes the place of another`,
  }));

/** How many machines are to go before it keeps no more than is asked for. */
const whyLarger = ({ desired, maxSize }: AutoScalingGroupProperties, { desired: kept }: AutoScalingGroupState) => {
  const most = desired ?? maxSize;
  return most < kept ? `${most} instead of ${kept} nodes: each node that goes is drained before` : undefined;
};

export const autoScalingGroup: Row<AutoScalingGroupProperties, AutoScalingGroupState, AutoScalingGroupIdentity, What> =
  {
    planned: 'when it differs',
    changesAws: true,
    tagged: true,
    differences: (wanted, is) => {
      const launched = `${is.launchTemplateId} version ${is.launchTemplateVersion}`;
      const launches = `${wanted.launchTemplateId} version ${wanted.launchTemplateVersion}`;
      const size = ({ minSize, maxSize }: { readonly minSize: number; readonly maxSize: number }) =>
        `${minSize} to ${maxSize}`;
      const all: readonly (Difference<What> | false)[] = [
        launched !== launches && { what: 'template', says: `it launches ${launched}, not ${launches}` },
        size(is) !== size(wanted) && { what: 'size', says: `its size is ${size(is)}, not ${size(wanted)}` },
        wanted.desired !== undefined &&
          wanted.desired > is.desired && {
            what: 'desired',
            says: `it keeps ${is.desired} machines, not ${wanted.desired}`,
          },
        ...suspendedIn(is),
        is.retagging === true && { what: 'tags', says: 'not all of its machines have its tags' },
      ];
      return all.filter((one) => one !== false);
    },
    counts: ({ deleting }) => !deleting,
    // AWS ends whoever is above the maximum, or one too many, undrained.
    withheld: (wanted, is) => {
      const reason = whyLarger(wanted, is);
      return reason === undefined ? undefined : { reason, instead: { maxSize: Math.max(wanted.maxSize, is.maxSize) } };
    },
    removal: { after: [], identity: ({ state }) => ({ name: state.name }) },
  };

/** Keeps one replica, or the nodes of a pool, running without Slipway (I11): unique by name. */
import type { Value } from '../words/references.ts';
import type { Fingerprints } from './launch-template.ts';
import type { Difference, Row, Tagged } from './row.ts';

/** What a group kept, and its maximum, before a rollout held it larger: a tag of its own says so as long as it does. */
export type Surge = { readonly desired: number; readonly maxSize: number };

/** As the tag spells it: `<desired>/<maximum>`. */
export const surgeSaid = ({ desired, maxSize }: Surge): string => `${desired}/${maxSize}`;

export const surgeIn = (said: string | undefined): Surge | undefined => {
  const [, desired, maxSize] = /^(\d{1,6})\/(\d{1,6})$/.exec(said ?? '') ?? [];
  return desired === undefined || maxSize === undefined
    ? undefined
    : { desired: Number(desired), maxSize: Number(maxSize) };
};

export type AutoScalingGroupProperties = Tagged & {
  readonly name: string;
  readonly launchTemplateId: Value;
  readonly launchTemplateVersion: Value;
  readonly subnetId: string;
  readonly minSize: number;
  readonly maxSize: number;
  /** How many machines it keeps, at least; absent where somebody else says. */
  readonly desired?: number;
  /** A rollout holds it larger than its spec asks for: `maxSize` and `desired` are what that takes. */
  readonly surge?: Surge;
};

export type GroupInstance = {
  readonly id: string;
  readonly inService: boolean;
  readonly templateId: string;
  readonly templateVersion: string;
  /** Of a replica's machine that was not made from the newest version of its template: what that version says of itself. */
  readonly madeOf?: Fingerprints;
};

export type LaunchedFrom = Pick<GroupInstance, 'templateId' | 'templateVersion'>;

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
  /** The machines of a replica's group, sorted by id. */
  readonly instances?: readonly GroupInstance[];
  /** Of a replica's group without a machine that launches from another version than the newest: what that says of itself. */
  readonly launches?: Fingerprints;
  /** Of a node pool's group: the template versions that its machines were launched from, each once, sorted. */
  readonly launched?: readonly LaunchedFrom[];
  /** A rollout holds it larger, or died while it did. */
  readonly surge?: Surge;
};
export type AutoScalingGroupIdentity = { readonly name: string };

type What = 'template' | 'size' | 'desired' | 'surge' | 'suspended' | 'tags';

const surgeDifference = (
  { surge: wanted }: Pick<AutoScalingGroupProperties, 'surge'>,
  { surge: is }: Pick<AutoScalingGroupState, 'surge'>,
): readonly Difference<What>[] => {
  const said = (surge: Surge | undefined): string => (surge === undefined ? 'nothing' : surgeSaid(surge));
  if (said(wanted) === said(is)) return [];
  return [
    {
      what: 'surge',
      says:
        is === undefined
          ? 'it does not say that a rollout holds it larger'
          : `it is held larger for a rollout than the ${is.desired} machines that it kept before`,
    },
  ];
};

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
    changesNodes: true,
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
        ...surgeDifference(wanted, is),
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

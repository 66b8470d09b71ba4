/**
 * Labels and taints of a node pool's nodes: machines are told of them when they are launched, and nodes that are there are given them.
 * What somebody else put on a node stays; only keys that the spec names, or named once, are ever touched.
 */
import { ownOf } from '../words/own.ts';
import type { Row } from './row.ts';

type Labels = Readonly<Record<string, string>>;

export type NodeTaint = { readonly key: string; readonly value?: string | undefined; readonly effect: string };

/** What a node carries. */
export type NodeMarks = { readonly labels: Labels; readonly taints: readonly NodeTaint[] };

/** What the nodes of a pool are to carry, and what they may still carry of an earlier spec: keys of labels, names of taints, sorted. */
export type WantedMarks = NodeMarks & {
  readonly formerLabels: readonly string[];
  readonly formerTaints: readonly string[];
};

export type NodeLabelsProperties = WantedMarks & {
  /** The user cluster's API. */
  readonly endpoint: string;
  readonly poolId: string;
};

/** What tells taints of one node apart: `team:NoSchedule`. */
export const taintName = ({ key, effect }: NodeTaint): string => `${key}:${effect}`;

const sameTaint = (one: NodeTaint, other: NodeTaint): boolean =>
  taintName(one) === taintName(other) && (one.value ?? '') === (other.value ?? '');

/** Labels to be set, or to be taken off (null); and all taints as they are to be, where any differs. */
export type MarksPatch = {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly taints?: readonly NodeTaint[];
};

/** Taints of others come first, as they are. */
const taintsAfter = ({ taints, formerTaints }: WantedMarks, is: readonly NodeTaint[]): readonly NodeTaint[] => {
  const ours = new Set([...taints.map(taintName), ...formerTaints]);
  return [...is.filter((taint) => !ours.has(taintName(taint))), ...taints];
};

/** What makes a node carry what is wanted; undefined where it does. */
export const marksPatch = (wanted: WantedMarks, is: NodeMarks): MarksPatch | undefined => {
  const set = Object.entries(wanted.labels).filter(([key, value]) => ownOf(is.labels, key) !== value);
  const off = wanted.formerLabels.filter(
    (key) => ownOf(wanted.labels, key) === undefined && ownOf(is.labels, key) !== undefined,
  );
  const labels = Object.fromEntries([...set, ...off.map((key): [string, null] => [key, null])]);
  const taints = taintsAfter(wanted, is.taints);
  const sameTaints =
    taints.length === is.taints.length && taints.every((taint) => is.taints.some((one) => sameTaint(one, taint)));
  const patch = { ...(Object.keys(labels).length === 0 ? {} : { labels }), ...(sameTaints ? {} : { taints }) };
  return Object.keys(patch).length === 0 ? undefined : patch;
};

export const nodeLabels: Row<NodeLabelsProperties, undefined, NodeLabelsProperties> = { planned: 'never' };

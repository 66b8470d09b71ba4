/**
 * Rows: AWS's inventory as the sandbox has it, and which of it is whose.
 *
 * Owns: what a row looks like, and how it says that Slipway made it, for which cluster and as what. Neighbours: `world.ts` looks. Pure.
 */
import { CLUSTER_TAG, KEY_TAG } from '../../api/names.ts';

export type Row = {
  readonly region: string;
  readonly kind: string;
  readonly id: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

/** Cluster and `kind key` of a resource that Slipway tagged. What AWS makes for a group carries the group's tags: not it. */
export const ownedAs = (row: Row): { readonly clusterId: string; readonly what: string } | undefined => {
  const tags = row.detail['tags'] as Readonly<Record<string, string>> | undefined;
  const [clusterId, key] = [tags?.[CLUSTER_TAG], tags?.[KEY_TAG]];
  if (clusterId === undefined || key === undefined || row.kind === 'instance') return undefined;
  return { clusterId, what: `${row.kind} ${key.replaceAll(/[0-9a-f]{8}/g, '*')}` };
};

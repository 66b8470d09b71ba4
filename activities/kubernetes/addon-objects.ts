/**
 * Objects of add-ons as they are in a user cluster.
 *
 * Owns: reading them by label, and what a step or an inventory says of an add-on beside what differs. Neighbours: `addons/` compares,
 * `addon.ts` applies one add-on, `inside.ts` looks at all of them. Invariants: I6 (reads only), I12 (every list is read to its end,
 * or the call fails).
 */
import pLimit from 'p-limit';
import { ADDON_KINDS, addonDifferences } from '../../addons/differences.ts';
import { ADDON_LABEL } from '../../addons/manifest.ts';
import type { Rendering } from '../../addons/rendered.ts';
import { defaultStorage } from '../../addons/storage-classes.ts';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import type { Outputs } from '../../kinds/row.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { Candidate } from '../driver.ts';

export type AddonSettings = {
  /** Given to every add-on beside the plan's parameters: what the worker's surroundings decide, not the cluster's spec. */
  readonly surroundings?: Readonly<Record<string, string>>;
};

/** What an add-on is rendered with by this worker. */
export const renderingOf = (
  { addon, parameters, rendering }: Rendering,
  { surroundings }: AddonSettings,
): Rendering => ({
  addon,
  parameters: { ...parameters, ...surroundings },
  ...(rendering === undefined ? {} : { rendering }),
});

/** Lists of one look that are under way at once: more would be more connections. */
const AT_ONCE = 4;

/** The objects of one add-on, or of all of them, by the add-on's name: one list by label for each kind of object. */
export const addonObjects = async (
  client: KubernetesClient,
  addon: string | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly KubernetesObject[]>> => {
  const labelSelector = addon === undefined ? ADDON_LABEL : `${ADDON_LABEL}=${addon}`;
  const atOnce = pLimit(AT_ONCE);
  const lists = await Promise.all(
    ADDON_KINDS.map((kind) => atOnce(() => client.list(kind, { labelSelector }, { signal }))),
  );
  const byName = new Map<string, KubernetesObject[]>();
  for (const object of lists.flat()) {
    const name = object.metadata.labels?.[ADDON_LABEL] ?? '';
    byName.set(name, [...(byName.get(name) ?? []), object]);
  }
  return byName;
};

type Applied = {
  readonly endpoint: string;
  readonly objects: readonly KubernetesObject[];
  readonly signal: AbortSignal;
};

/** Where it is, and of an add-on with the default StorageClass whether the driver that this names is there. */
export const addonOutputs = async (
  client: KubernetesClient,
  { endpoint, objects, signal }: Applied,
): Promise<Outputs> => {
  const storage = defaultStorage(objects);
  if (storage === undefined) return { endpoint };
  const name = { apiVersion: 'storage.k8s.io/v1', kind: 'CSIDriver', name: storage.driver };
  const { storageClass, driver } = storage;
  const isThere = (await client.find(name, { signal })) !== null;
  return { endpoint, storageClass, ...(isThere ? {} : { missingDriver: driver }) };
};

type Looked = {
  readonly key: ResourceKey;
  readonly addon: string;
  readonly outputs: Outputs;
  readonly live: readonly KubernetesObject[];
  /** What it should be; absent where nobody wants it. */
  readonly objects?: readonly KubernetesObject[];
};

export const candidateOf = ({ key, addon, outputs, live, objects }: Looked): Candidate<'addon'> => ({
  key,
  outputs,
  state: { differs: objects === undefined ? [] : addonDifferences(objects, live) },
  label: `add-on ${addon}`,
  belongsTo: 'ours',
});

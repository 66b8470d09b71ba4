/**
 * Add-ons: applies the objects of one add-on to the user cluster, and takes away what it has no more.
 *
 * Owns: order. Neighbours: `addons/` renders objects and says what differs, `addon-objects.ts` reads what is there, and
 * `inside.ts` looks at all add-ons at once.
 * Invariants: I2 (server-side apply repeated is the same), I4 (only what we applied is removed), I11 (what is applied lives on
 * without Slipway).
 */
import { leftOver, toApply } from '../../addons/differences.ts';
import { ADDON_LABEL } from '../../addons/manifest.ts';
import { isApplied } from '../../addons/ownership.ts';
import { rendered } from '../../addons/rendered.ts';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { describeName, nameOf } from '../../kubernetes/resources.ts';
import type { Candidate, Made, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { bugError } from '../verdicts.ts';
import { type AddonSettings, addonObjects, addonOutputs, candidateOf, renderingOf } from './addon-objects.ts';
import type { UserClusters } from './user-cluster.ts';

type Deps = { readonly userClusters: UserClusters; readonly settings: AddonSettings };

const connect = (
  { userClusters }: Deps,
  { object, owner, properties }: Pick<Sought<'addon'>, 'object' | 'owner' | 'properties'>,
): Promise<KubernetesClient> =>
  userClusters({ namespace: object.namespace, clusterId: owner.clusterId, endpoint: properties.endpoint });

const ofAddon = async (
  client: KubernetesClient,
  { properties, signal }: Pick<Sought<'addon'>, 'properties' | 'signal'>,
) => (await addonObjects(client, properties.addon, signal)).get(properties.addon) ?? [];

const removeAll = async (client: KubernetesClient, objects: readonly KubernetesObject[]): Promise<void> => {
  for (const object of objects) await client.remove(nameOf(object), object.metadata.uid);
};

/** What is rendered; what can't be is for a newer release of Slipway. */
const objectsOf = (properties: Wanted<'addon'>['properties'], settings: AddonSettings): readonly KubernetesObject[] => {
  try {
    return rendered(renderingOf(properties, settings));
  } catch (error) {
    throw bugError(error instanceof Error ? error.message : String(error));
  }
};

const made = async (client: KubernetesClient, wanted: Wanted<'addon'>, objects: readonly KubernetesObject[]) => {
  const { endpoint } = wanted.properties;
  return { outputs: await addonOutputs(client, { endpoint, objects, signal: wanted.signal }) };
};

const create = async (deps: Deps, wanted: Wanted<'addon'>): Promise<Made> => {
  const client = await connect(deps, wanted);
  const objects = objectsOf(wanted.properties, deps.settings);
  for (const object of objects) await client.apply(object);
  return made(client, wanted, objects);
};

const update = async (deps: Deps, wanted: Wanted<'addon'>): Promise<Made> => {
  const client = await connect(deps, wanted);
  const objects = objectsOf(wanted.properties, deps.settings);
  const live = await ofAddon(client, wanted);
  for (const object of toApply(objects, live)) await client.apply(object);
  await removeAll(client, leftOver(objects, live));
  return { ...(await made(client, wanted, objects)), change: 'updated' };
};

/** Whether it was applied to its end once: then it is looked at as a whole, and otherwise made, whatever of it is there. */
const isThere = async (
  client: KubernetesClient,
  objects: readonly KubernetesObject[],
  { properties, signal }: Sought<'addon'>,
) => {
  const last = objects.at(-1);
  const found = last === undefined ? null : await client.find(nameOf(last), { signal });
  return found?.metadata.labels?.[ADDON_LABEL] === properties.addon;
};

const candidates = async (deps: Deps, sought: Sought<'addon'>): Promise<readonly Candidate<'addon'>[]> => {
  const { addon, endpoint, parameters } = sought.properties;
  const client = await connect(deps, sought);
  const { key, signal } = sought;
  // A removal knows no more than its name.
  const objects = parameters === undefined ? undefined : objectsOf({ ...sought.properties, parameters }, deps.settings);
  if (objects !== undefined && !(await isThere(client, objects, sought))) return [];
  const all = await ofAddon(client, sought);
  const live = objects === undefined ? leftOver([], all) : all.filter(isApplied);
  if (live.length === 0) return [];
  const outputs = await addonOutputs(client, { endpoint, objects: objects ?? [], signal });
  return [candidateOf({ key, addon, outputs, live, ...(objects === undefined ? {} : { objects }) })];
};

export const addonDriver = (userClusters: UserClusters, settings: AddonSettings = {}): ResourceDriver<'addon'> => {
  const deps = { userClusters, settings };
  return {
    kind: 'addon',
    candidates: (sought) => candidates(deps, sought),
    create: (wanted) => create(deps, wanted),
    update: (wanted) => update(deps, wanted),

    remove: async (sought) => {
      const client = await connect(deps, sought);
      await removeAll(client, leftOver([], await ofAddon(client, sought)));
    },

    remains: async (sought) => {
      const left = leftOver([], await ofAddon(await connect(deps, sought), sought));
      if (left.length === 0) return undefined;
      return `Waiting for what is left of add-on ${sought.properties.addon}: ${left.map((one) => describeName(nameOf(one))).join(', ')}`;
    },
  };
};

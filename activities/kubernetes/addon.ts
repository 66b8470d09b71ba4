/**
 * Add-ons: applies the manifests of one add-on to the user cluster.
 *
 * Owns: order, and the mark by which an add-on is known to be there: the fingerprint of its manifests, annotated on the
 * object that is applied last. Neighbours: `addons/` turn parameters into objects.
 * Invariants: I2 (server-side apply repeated is the same), I11 (what is applied lives on without Slipway).
 */
import { createHash } from 'node:crypto';
import type { ResourceDriver, Sought } from '../driver.ts';
import { bugError } from '../verdicts.ts';
import { ADDONS } from './addons/index.ts';
import { ADDON_LABEL } from './addons/manifest.ts';
import type { KubernetesClient } from './client.ts';
import { type KubernetesObject, nameOf } from './resources.ts';
import type { UserClusters } from './user-cluster.ts';

const FINGERPRINT = 'slipway.dev/fingerprint';

export type AddonSettings = {
  /** Given to every add-on beside the plan's parameters: what the worker's surroundings decide, not the cluster's spec. */
  readonly surroundings?: Readonly<Record<string, string>>;
};

const marked = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => {
  const fingerprint = createHash('sha256').update(JSON.stringify(objects)).digest('hex').slice(0, 16);
  const last = objects.at(-1);
  if (last === undefined) throw bugError('An add-on without objects has nothing to apply.');
  const metadata = { ...last.metadata, annotations: { ...last.metadata.annotations, [FINGERPRINT]: fingerprint } };
  return [...objects.slice(0, -1), { ...last, metadata }];
};

const objectsOf = (wanted: Sought<'addon'>, settings: AddonSettings): readonly KubernetesObject[] => {
  const { addon, parameters } = wanted.properties;
  return marked(ADDONS[addon]({ ...parameters, ...settings.surroundings }));
};

const fingerprintOf = (object: KubernetesObject | null | undefined): string | undefined =>
  object?.metadata.annotations?.[FINGERPRINT];

export const addonDriver = (userClusters: UserClusters, settings: AddonSettings = {}): ResourceDriver<'addon'> => {
  const connect = (wanted: Sought<'addon'>): Promise<KubernetesClient> =>
    userClusters({
      namespace: wanted.object.namespace,
      clusterId: wanted.owner.clusterId,
      endpoint: wanted.properties.endpoint,
    });

  const apply = async (wanted: Sought<'addon'>): Promise<readonly KubernetesObject[]> => {
    const client = await connect(wanted);
    const objects = objectsOf(wanted, settings);
    for (const object of objects) await client.apply(object);
    return objects;
  };

  return {
    kind: 'addon',

    candidates: async (wanted) => {
      const last = objectsOf(wanted, settings).at(-1);
      if (last === undefined) return [];
      const client = await connect(wanted);
      const found = await client.find(nameOf(last), { signal: wanted.signal });
      if (found?.metadata.labels?.[ADDON_LABEL] !== wanted.properties.addon) return [];
      const fingerprint = fingerprintOf(found);
      return [
        {
          key: wanted.key,
          outputs: {},
          state: fingerprint === undefined ? {} : { fingerprint },
          label: `add-on ${wanted.properties.addon}`,
          belongsTo: 'ours',
        },
      ];
    },

    create: async (wanted) => {
      await apply(wanted);
      return { outputs: {} };
    },

    update: async (wanted, found) => {
      const objects = await apply(wanted);
      const same = found.state.fingerprint === fingerprintOf(objects.at(-1));
      return { outputs: {}, change: same ? 'unchanged' : 'updated' };
    },

    // An add-on goes with its cluster.
    remove: () => Promise.resolve(),
  };
};

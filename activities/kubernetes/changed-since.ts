/**
 * Changed since: what of a living cluster came or was written since a moment, which a snapshot of that moment does not hold.
 *
 * Owns: which resources are asked, how many at once, the time that it all may take, and that what could not be read is said. What an extension
 * API server serves is not in the cluster's etcd, and is not asked. Neighbours: `kubernetes/metadata.ts` reads names and times,
 * `policy/restore-preview.ts` counts. Invariants: I6 (reads only), I8 (no more of any object than its name leaves), I12.
 */
import pLimit from 'p-limit';
import type { AWSCluster } from '../../api/cluster.ts';
import { clusterIdFor } from '../../api/ownership.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import type { ServedResource } from '../../kubernetes/metadata.ts';
import type { Read } from '../../policy/insight.ts';
import {
  countedSince,
  isOfWorth,
  lostOf,
  nothingSince,
  type ReadSince,
  type ResourceSince,
} from '../../policy/restore-preview.ts';
import { verdictOf } from '../verdicts.ts';
import type { UserClusters } from './user-cluster.ts';

/** `since` in epoch milliseconds. Unread as a whole where the cluster's API does not answer; fails only where whoever asks gave up. */
export type ReadChangedSince = (
  cluster: Pick<AWSCluster, 'metadata' | 'status'>,
  since: number,
  signal: AbortSignal,
) => Promise<Read<ReadSince>>;

const LOOK_MS = 10_000;
const AT_ONCE = 6;
const API_SERVICE = { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService' } as const;

/** As `kubectl get` takes it: `deployments.apps`. */
const titleOf = ({ group, plural }: ServedResource): string => (group === '' ? plural : `${plural}.${group}`);

type ServedBy = { readonly group?: string; readonly version?: string; readonly service?: object | null };

/** Each once, by the first version that the API server itself serves. */
const storedResources = async (client: KubernetesClient, signal: AbortSignal): Promise<readonly ServedResource[]> => {
  const [resources, services] = await Promise.all([
    client.resources({ signal }),
    client.list(API_SERVICE, {}, { signal }),
  ]);
  const elsewhere = new Set(
    services.flatMap(({ spec }) => {
      const { group = '', version = '', service } = (spec ?? {}) as ServedBy;
      return service ? [`${group}/${version}`] : [];
    }),
  );
  const stored = resources.filter((one) => !elsewhere.has(`${one.group}/${one.version}`) && isOfWorth(titleOf(one)));
  return [...new Map(stored.toReversed().map((one) => [titleOf(one), one])).values()].reverse();
};

const readSince = async (client: KubernetesClient, since: number, within: AbortSignal): Promise<ReadSince> => {
  const atOnce = pLimit(AT_ONCE);
  const notRead: { readonly resource: string; readonly why: string }[] = [];
  const readOne = async (one: ServedResource): Promise<ResourceSince> => {
    const resource = titleOf(one);
    try {
      within.throwIfAborted();
      let counted = nothingSince(resource);
      for await (const page of client.timesOf(one, { signal: within })) counted = countedSince(counted, page, since);
      return counted;
    } catch (error) {
      notRead.push({ resource, why: within.aborted ? 'there was no time left for it' : verdictOf(error).message });
      return nothingSince(resource);
    }
  };
  const stored = await storedResources(client, within);
  const resources = await Promise.all(stored.map((one) => atOnce(() => readOne(one))));
  return { resources: lostOf(resources), notRead: notRead.toSorted((a, b) => (a.resource < b.resource ? -1 : 1)) };
};

export const readChangedSince =
  (userClusters: UserClusters, lookMs = LOOK_MS): ReadChangedSince =>
  async (cluster, since, signal) => {
    const time = AbortSignal.timeout(lookMs);
    const { namespace } = cluster.metadata;
    const { endpoint } = cluster.status ?? {};
    if (endpoint === undefined) return { unread: 'it has no endpoint yet' };
    try {
      const client = await userClusters({ namespace, clusterId: clusterIdFor(cluster), endpoint });
      const read = await readSince(client, since, AbortSignal.any([signal, time]));
      signal.throwIfAborted();
      return read;
    } catch (error) {
      if (signal.aborted) throw error;
      return {
        unread: time.aborted
          ? `https://${endpoint} did not answer within ${lookMs / 1_000} s`
          : verdictOf(error).message,
      };
    }
  };

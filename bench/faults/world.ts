/**
 * World: what the bench sees of the sandbox, looked at once for all cases that run side by side.
 *
 * Owns: the objects by name and AWS's inventory, each as of a moment ago, and the largest number of resources that ever had
 * one owner and key at once (I2). Neighbours: `life.ts` waits for what it sees here, `checks.ts` judges it; what control planes say
 * themselves is asked each time, as `stub-control-planes.ts` or `real-control-planes.ts` does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectManagement } from '../../activities/kubernetes/management.ts';
import { API_VERSION } from '../../api/names.ts';
import type { HostPort } from '../../sandbox/layout.ts';
import { type Cloud, jsonAt } from '../cloud.ts';
import type { Stored } from '../manifests.ts';
import { realControlPlanes } from './real-control-planes.ts';
import { ownedAs, type Row } from './rows.ts';
import type { Sight } from './sight.ts';
import { stubControlPlanes } from './stub-control-planes.ts';

export type World = Sight & {
  /** Resolves when the object (or its absence) is as wanted; rejects with what was seen last after the limit. */
  readonly until: (
    what: string,
    limitMs: number,
    isSo: (objects: ReadonlyMap<string, Stored>) => boolean,
  ) => Promise<void>;
  readonly inventory: () => Promise<readonly Row[]>;
  /** The same as it was seen last, some two seconds ago. */
  readonly seen: () => readonly Row[];
  readonly memberships: () => Promise<readonly string[]>;
  /** `kind key` of a cluster -> the most that were seen at once. */
  readonly mostOf: (clusterId: string) => ReadonlyMap<string, number>;
  readonly end: () => Promise<void>;
};

const KINDS = ['AWSCluster', 'AWSNodePool'];
const LOOK_MS = 400;
const INVENTORY_MS = 2_000;

const membershipsAt = async (hub: string): Promise<readonly string[]> => {
  const list = `${hub}/v1/projects/jetstack-anthos/locations/global/memberships`;
  const { resources = [] } = (await jsonAt(list)) as { resources?: readonly { readonly name: string }[] };
  return resources.map(({ name }) => name);
};

const nameOf = ({ kind, metadata }: Stored): string => `${kind} ${metadata.name}`;

/** Cluster -> `kind key` -> how many. */
type Counts = Map<string, Map<string, number>>;

const countOwned = (rows: readonly Row[]): Counts => {
  const counts: Counts = new Map();
  for (const owned of rows.map(ownedAs)) {
    if (owned === undefined) continue;
    const ofCluster = counts.get(owned.clusterId) ?? new Map<string, number>();
    counts.set(owned.clusterId, ofCluster.set(owned.what, (ofCluster.get(owned.what) ?? 0) + 1));
  }
  return counts;
};

/** Raises the most that were ever seen to what is seen now. */
const raise = (most: Counts, now: Counts): void => {
  for (const [clusterId, counts] of now) {
    const ofCluster = most.get(clusterId) ?? new Map<string, number>();
    for (const [what, count] of counts) ofCluster.set(what, Math.max(ofCluster.get(what) ?? 0, count));
    most.set(clusterId, ofCluster);
  }
};

type Looked = {
  objects: ReadonlyMap<string, Stored>;
  rows: readonly Row[];
  trouble: string;
  ended: boolean;
  looks: number;
};

export const watchWorld = (cloud: Cloud, stub: HostPort | undefined): World => {
  const { aws, home, hub, kubeconfig } = cloud.status();
  // It keeps its connections, which is what a look each moment needs.
  const management = connectManagement(kubeconfig);
  const state: Looked = { objects: new Map(), rows: [], trouble: '', ended: false, looks: 0 };
  const most: Counts = new Map();
  const inventory = async (): Promise<readonly Row[]> => {
    const rows = (await jsonAt(`${aws.endpoint}/_sim/inventory`)) as readonly Row[];
    raise(most, countOwned(rows));
    state.rows = rows;
    return rows;
  };
  const repeat = async (every: number, look: () => Promise<void>): Promise<void> => {
    while (!state.ended) {
      try {
        await look();
        state.trouble = '';
      } catch (error) {
        state.trouble = String(error);
      }
      await delay(every);
    }
  };
  const loops = [
    repeat(LOOK_MS, async () => {
      const lists = await Promise.all(KINDS.map((kind) => management.list({ apiVersion: API_VERSION, kind })));
      state.objects = new Map(
        lists.flat().map((object) => [nameOf(object as unknown as Stored), object as unknown as Stored]),
      );
      state.looks += 1;
    }),
    repeat(INVENTORY_MS, async () => void (await inventory())),
  ];
  return {
    until: async (what, limitMs, isSo) => {
      const deadline = Date.now() + limitMs;
      const first = state.looks + 2;
      // Two looks on: what was seen before the question says nothing.
      while (state.looks < first || !isSo(state.objects)) {
        if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1_000} s ${state.trouble}`);
        await delay(50);
      }
    },
    inventory,
    seen: () => state.rows,
    memberships: () => membershipsAt(hub),
    ...(stub === undefined
      ? realControlPlanes({ aws: aws.endpoint, home, rows: () => state.rows })
      : stubControlPlanes(stub)),
    mostOf: (clusterId) => most.get(clusterId) ?? new Map<string, number>(),
    end: async () => {
      state.ended = true;
      await Promise.all(loops);
      await management.close();
    },
  };
};

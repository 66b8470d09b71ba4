/**
 * Story: what the chapters of the seed's story share, and what they wait for together.
 *
 * Owns: the story's state, which lives as long as its sandbox. Neighbours: `chapters/` tell it in order.
 */
import type { Documentation } from '../docs/session.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import type { EtcdMember } from './etcd.ts';
import type { Journey } from './journey.ts';
import type { Haystack, Needle } from './needles.ts';
import { clusterPlacesNow, historiesNow, publicPlacesNow, secretsNow } from './secrets.ts';
import type { TemporalForJourney } from './temporal.ts';

/** The parts that are Slipway, and everything that it keeps its own state in: in the order to stop them. */
export const SLIPWAYS_PARTS = [
  'slipway-client',
  'slipway-worker',
  'slipway-admission',
  'temporal',
  'hub',
  'management-apiserver',
  'management-etcd',
] as const;

export type Story = {
  readonly journey: Journey;
  readonly temporal: TemporalForJourney;
  readonly documentation: Documentation;
  /** The account before anything was made in it. */
  readonly inventoryBefore: unknown;
  /** Gathered along the way, since Temporal's data is thrown away and instances take their keys with them. */
  readonly secrets: Needle[];
  readonly places: Haystack[];
};

/** A chapter: declares its tests; the story itself exists only once they run. */
export type Tell = (story: () => Story) => void;

/** Checks until it holds: what one part of Slipway writes may come a moment after what another wrote. */
export const eventually = (what: string, check: () => Promise<void>): Promise<true> =>
  waitFor(
    what,
    async () => {
      await check();
      return true as const;
    },
    { intervalMs: 500 },
  );

export const rows = (text: string): readonly string[] => text.trim().split('\n');

/** The operation of the cluster, or of one of the pools. */
export const operationOf = async ({ journey }: Story, kind: 'awscluster' | 'awsnodepool'): Promise<string> =>
  `${(await journey.entityIds()).find((id) => id.startsWith(`${kind}/`))}/operation`;

export const healthyMembers = ({ journey }: Story): Promise<readonly EtcdMember[]> =>
  waitFor(
    'three healthy members of etcd',
    async () => {
      const members = await (await journey.etcd()).members();
      return members.length === 3 && members.every(({ healthy }) => healthy) ? members : undefined;
    },
    UNHURRIED,
  );

/** Adds all secrets that exist now, and all places where they could be seen now. */
export const gatherSecrets = async ({ journey, temporal, secrets, places }: Story): Promise<void> => {
  secrets.push(...(await secretsNow(journey)));
  places.push(
    ...(await historiesNow(temporal)),
    ...(await publicPlacesNow(journey)),
    ...(await clusterPlacesNow(journey)),
  );
};

/** How often each entity has looked at its object and at AWS so far. */
export const looksNow = async ({ temporal }: Story, ids: readonly string[]): Promise<ReadonlyMap<string, number>> =>
  new Map(await Promise.all(ids.map(async (id) => [id, await temporal.looks(id)] as const)));

/** Waits until every entity has looked more often than then and found nothing to do. */
export const untilSettledAgain = async (
  { temporal }: Story,
  ids: readonly string[],
  then: ReadonlyMap<string, number>,
): Promise<void> => {
  const hasSettled = async (id: string): Promise<boolean> =>
    (await temporal.phase(id)) === 'settled' && (await temporal.looks(id)) > (then.get(id) ?? 0);
  await waitFor(
    'every entity to have looked again and to be settled',
    async () => ((await Promise.all(ids.map(hasSettled))).every(Boolean) ? true : undefined),
    { intervalMs: 2_000 },
  );
};

/**
 * Waits until each of the nine machines of the pools has a Node of its own that is Ready. Counting Ready Nodes would not do: one of
 * a machine that is gone says so for forty seconds more, and its successor at the same address cannot register before it went.
 */
export const untilNodesAreReady = ({ journey }: Pick<Story, 'journey'>): Promise<true> =>
  waitFor(
    'each of nine machines to be a node that is Ready',
    async () => {
      const columns =
        'custom-columns=P:.spec.providerID,S:.status.conditions[?(@.type=="Ready")].status,D:.metadata.deletionTimestamp';
      const nodes = rows(await journey.user('get', 'nodes', '--no-headers', '-o', columns));
      const ready = nodes.map((node) => /\/(i-[0-9a-f]+)\s+True\s+<none>$/.exec(node.trim())?.[1] ?? node).toSorted();
      const machines = await journey.instances();
      const ofPools = machines.filter(({ tags }) => tags['aws:autoscaling:groupName']?.includes('-nodepool-'));
      const ids = ofPools.map(({ id }) => id).toSorted();
      return ids.length === 9 && ids.join(' ') === ready.join(' ') ? true : undefined;
    },
    UNHURRIED,
  );

export const untilPartsAreReady = ({ journey }: Pick<Story, 'journey'>): Promise<true> =>
  waitFor(
    'every part to be ready again',
    async () =>
      journey.sandbox.status().parts.every(({ name, state }) => name.startsWith('i-') || state === 'ready')
        ? true
        : undefined,
    UNHURRIED,
  );

/**
 * The life of clusters in a sandbox, from `kubectl apply` to a deletion that leaves nothing.
 *
 * Owns: applying and deleting a manifest, and what is there in AWS, the hub and the management API, before and after.
 * Neighbours: `../support/sandbox.ts` runs commands; journeys say when what is done.
 */

import { expect } from '@jest/globals';
import { readJson } from '../support/http.ts';
import { type Ran, type SandboxForTests, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';

const MEMBERSHIPS = 'v1/projects/jetstack-anthos/locations/global/memberships';

/** A resource as the simulated account lists it; instances that are terminated aren't listed. */
export type Row = {
  readonly kind: string;
  readonly id: string;
  readonly detail: {
    readonly tags?: Readonly<Record<string, string>>;
    readonly description?: string;
    readonly versions?: readonly number[];
    readonly [name: string]: unknown;
  };
};

/** Everything that a cluster leaves somewhere. */
export type Traces = {
  readonly account: readonly Row[];
  readonly memberships: readonly string[];
  readonly objects: readonly string[];
  readonly secrets: readonly string[];
};

export type Lifecycle = ReturnType<typeof lifecycleOf>;

export const lifecycleOf = (sandbox: SandboxForTests, manifest: string) => {
  const account = async (): Promise<readonly Row[]> =>
    (await readJson(`${sandbox.status().aws.endpoint}/_sim/inventory`)) as readonly Row[];

  const names = async (kinds: string): Promise<readonly string[]> => {
    const listed = await succeed(`get ${kinds}`, sandbox.kubectl(['get', kinds, '-o', 'name']));
    return listed.split('\n').filter((name) => name !== '');
  };

  const traces = async (): Promise<Traces> => {
    const hub = (await readJson(`${sandbox.status().hub}/${MEMBERSHIPS}`)) as { resources: { name: string }[] };
    return {
      account: await account(),
      memberships: hub.resources.map(({ name }) => name),
      objects: await names('awsclusters,awsnodepools'),
      secrets: await names('secrets'),
    };
  };

  type Stated = { readonly status?: { readonly state?: string } };
  const states = async (): Promise<readonly (string | undefined)[]> => {
    const listed = await sandbox.objects().all<Stated>();
    return listed.map(({ status }) => status?.state);
  };

  return {
    account,
    names,
    traces,
    apply: (): Promise<string> => succeed('apply', sandbox.kubectl(['apply', '-f', manifest])),
    /** Ends by itself, or with an error once the limit is over. */
    remove: (...options: readonly string[]): Promise<Ran> =>
      sandbox.kubectl(['delete', '-f', manifest, '--timeout=10m', ...options]),
    untilProvisioned: (): Promise<true> =>
      waitFor(
        'everything is provisioned',
        async () => {
          const all = await states();
          return all.length > 0 && all.every((state) => state === 'Provisioned') ? true : undefined;
        },
        UNHURRIED,
      ),
  };
};

const owned = ({ detail }: Row): boolean => detail.tags?.['slipway.dev/cluster'] !== undefined;

/** What a row is, whichever cluster it belongs to: `launch-template launch-template/nodepool [versions 1]`. */
const roleOf = ({ kind, detail }: Row): string => {
  const key = (detail.tags?.['slipway.dev/key'] ?? '').replace(/nodepool-[0-9a-f]{8}(?=$|\/)/, 'nodepool');
  const versions = detail.versions === undefined ? '' : ` [versions ${detail.versions.join(', ')}]`;
  const description = (detail.description ?? '').replace(/gke-[0-9a-f]{8}/, 'gke-…').replace(/[0-9a-f]{16}$/, '…');
  return `${kind} ${key || description}${versions}`;
};

/** What was made beside what was there before, by role, each as often as it is there. */
export const made = (now: readonly Row[], before: readonly Row[]): readonly string[] => {
  const ids = new Set(before.map(({ id }) => id));
  return now
    .filter(({ id }) => !ids.has(id))
    .map(roleOf)
    .sort();
};

/** Instances, and what each of them brings along, may be there more than once; what Slipway itself makes may not. */
const COMES_WITH_INSTANCES = 'auto-scaling-group/';

/** Two resources of one kind with the same owner and key, as a person would want them named. */
export const doubles = (rows: readonly Row[]): readonly string[] => {
  const ours = rows.filter(owned).filter(({ kind, detail }) => {
    const key = detail.tags?.['slipway.dev/key'] ?? '';
    return !key.startsWith(COMES_WITH_INSTANCES) || kind === 'auto-scaling-group';
  });
  const identity = ({ kind, detail: { tags = {} } }: Row): string =>
    `${kind} ${tags['slipway.dev/cluster']} ${tags['slipway.dev/key']}`;
  const all = ours.map(identity);
  return [...new Set(all.filter((one, index) => all.indexOf(one) !== index))].sort();
};

export const expectGone = async (lifecycle: Lifecycle, before: Traces): Promise<void> => {
  expect(await lifecycle.traces()).toEqual(before);
};

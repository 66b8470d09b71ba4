/**
 * Living control plane: one cluster in a sandbox of its own that is asked for another version, goes back and is committed, and what each of
 * these took of whom.
 *
 * Owns: doing it, waiting for it, and counting: calls to AWS as the sandbox's proxy recorded them, seconds of each replica as Temporal has
 * them, and what a probe's users felt. Neighbours: `upgrade.ts` says what is done, and prints; `living-pool.ts` is of node pools.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { OWN_PREFIX } from '../api/names.ts';
import { issueCredential } from '../client/cli/credentials.ts';
import { nameOf } from '../kubernetes/resources.ts';
import type { ApiAccess } from '../sandbox/availability/connections.ts';
import type { Figures } from '../sandbox/availability/figures.ts';
import type { Probe } from '../sandbox/availability/probe.ts';
import { operationIdOf } from '../words/operations.ts';
import { type CallCount, countCalls } from './calls.ts';
import type { Cloud } from './cloud.ts';
import { readTimes, type WorkflowTimes } from './histories.ts';
import { entityIdOf, type Manifest, type Stored, smallCluster, untilProvisioned, untilQuiet } from './manifests.ts';

export type UpgradePhase = {
  readonly what: string;
  readonly seconds: number;
  /** Seconds of each replica, in the order in which they served again. */
  readonly replicas: readonly number[];
  readonly aws: CallCount;
  /** What users felt; absent where nobody asked. */
  readonly felt?: Figures;
};

export type LivingControlPlane = {
  /** Counts whatever is asked while it is done, and until nobody calls AWS any more. */
  readonly during: (what: string, act: () => Promise<void>) => Promise<UpgradePhase>;
  readonly askFor: (version: string) => Promise<void>;
  /** Each is another word. */
  readonly say: (verb: 'abort' | 'resume') => Promise<void>;
  readonly untilSoaking: () => Promise<void>;
  /** At rest, with this version pinned. */
  readonly untilRuns: (version: string) => Promise<void>;
};

type Upgrading = {
  readonly upgrade?: { readonly phase?: string };
  readonly revision?: { readonly version?: string };
};

const LOOK_MS = 250;
const QUIET_MS = 3_000;
const SERVES = 'wait replica/';

/**
 * Seconds of each replica: from when its operation began, or the replica before it served, until it served itself. What comes before the
 * first, such as a snapshot, is the first one's.
 */
export const replicaSeconds = (operations: readonly WorkflowTimes[]): readonly number[] =>
  operations
    .toSorted((a, b) => a.started - b.started)
    .flatMap(({ started, activities }) => {
      const served = activities
        .filter(({ id }) => id.startsWith(SERVES))
        .map(({ completed }) => completed)
        .toSorted((a, b) => a - b);
      return served.map((at, index) => (at - (served[index - 1] ?? started)) / 1_000);
    });

const pass = async (what: string, limitMs: number, isSo: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain: ${what}`);
    await delay(LOOK_MS);
  }
};

/** The operations of a cluster that have begun since, in milliseconds since the epoch. */
const operationsSince = async ({ temporal }: Cloud, cluster: Stored, since: number) => {
  const id = operationIdOf(entityIdOf(cluster));
  const runs: Promise<WorkflowTimes>[] = [];
  for await (const { startTime, runId } of temporal.workflow.list({ query: `WorkflowId = "${id}"` })) {
    if (startTime.getTime() >= since) runs.push(readTimes(temporal, id, runId));
  }
  return Promise.all(runs);
};

const manifestsOf = (name: string, version: string): readonly Manifest[] =>
  smallCluster(name).map((manifest) => {
    const { kind, spec } = manifest;
    if (kind === 'AWSNodePool') return { ...manifest, spec: { ...spec, version } };
    return { ...manifest, spec: { ...spec, controlPlane: { ...(spec['controlPlane'] as object), version } } };
  });

/** How whoever asks its API gets there, as its administrator. */
export const accessTo = async (cloud: Cloud, cluster: Stored): Promise<ApiAccess> => {
  const { temporal, kubeconfig, proxy } = cloud.status();
  const configuration = { temporalAddress: temporal.address, temporalNamespace: temporal.namespace, kubeconfig };
  const { namespace, name, uid } = cluster.metadata;
  const issued = await issueCredential(configuration, { kind: 'AWSCluster', namespace, name, uid });
  const server = `https://${issued.endpoint}`;
  return {
    server,
    serverName: issued.serverName ?? new URL(server).hostname,
    proxy,
    certificateAuthority: issued.certificateAuthority,
    certificate: issued.certificate,
    key: issued.key,
  };
};

/** Applies the cluster with a pool of one node, and waits until both are there. */
export const createdCluster = async (cloud: Cloud, version: string, limitMs: number): Promise<Stored> => {
  const manifests = manifestsOf('upgrade', version);
  const created: Stored[] = [];
  for (const manifest of manifests) {
    created.push({ ...((await cloud.objects.create(manifest)) as Stored), kind: manifest.kind });
  }
  await untilProvisioned(cloud, manifests.length, limitMs);
  const [cluster] = created;
  if (cluster === undefined) throw new Error('there is a cluster');
  return cluster;
};

/** `probe`: users of its API, who ask all the time. */
export const living = (
  cloud: Cloud,
  cluster: Stored,
  { limitMs, probe }: { readonly limitMs: number; readonly probe?: Probe },
): LivingControlPlane => {
  const name = nameOf(cluster);
  let words = 0;
  const now = async (): Promise<Stored> => (await cloud.objects.get(name)) as Stored;
  const patch = async (changed: object): Promise<void> => void (await cloud.objects.patch(name, changed));
  const isAtRest = ({ status, metadata }: Stored): boolean =>
    status?.state === 'Provisioned' &&
    status.observedGeneration === metadata.generation &&
    status.lastOperation?.state !== 'running';
  return {
    during: async (what, act) => {
      const seen = probe?.record();
      const { next } = await cloud.callsSince(0);
      const [began, since] = [performance.now(), Date.now()];
      await act();
      const seconds = (performance.now() - began) / 1_000;
      const felt = probe?.figures(seen);
      const { calls } = await untilQuiet(cloud, next, QUIET_MS);
      const replicas = replicaSeconds(await operationsSince(cloud, cluster, since));
      return { what, seconds, replicas, aws: countCalls(calls), ...(felt === undefined ? {} : { felt }) };
    },
    askFor: (version) => patch({ spec: { controlPlane: { version } } }),
    say: (verb) => {
      words += 1;
      return patch({ metadata: { annotations: { [`${OWN_PREFIX}${verb}`]: `bench-${words}` } } });
    },
    untilSoaking: () =>
      pass('it soaks', limitMs, async () => {
        const { upgrade } = ((await now()).status ?? {}) as Upgrading;
        return upgrade?.phase === 'Soaking';
      }),
    untilRuns: (version) =>
      pass(`it runs ${version}`, limitMs, async () => {
        const found = await now();
        const { upgrade, revision } = (found.status ?? {}) as Upgrading;
        return isAtRest(found) && upgrade === undefined && revision?.version === version;
      }),
  };
};

/**
 * Replicas: the control plane of one cluster without nodes, as somebody sees it who takes its machines apart.
 *
 * Owns: the cluster of the small manifest, its members, machines and disks, and what Slipway did about them. Neighbours:
 * `journey.ts` has the commands that a person types, `etcd.ts` asks etcd itself, `targets.ts` the load balancer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { AWSClusterStatus } from '../../api/cluster.ts';
import { entityWorkflowId } from '../../api/names.ts';
import { AWS_CREDENTIALS, folders } from '../../sandbox/layout.ts';
import { type SandboxForTests, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import type { EtcdMember } from './etcd.ts';
import { journeyIn, type Machine } from './journey.ts';
import { lifecycleOf, type Row } from './lifecycle.ts';
import { targetsOf } from './targets.ts';
import { temporalOf } from './temporal.ts';

const MANIFEST = join(import.meta.dirname, '../fixtures/small-cluster.yaml');
const NAME = 'small';

export type Replicas = Awaited<ReturnType<typeof replicasIn>>;

/** What outlives a machine: its second network interface and the volume beside its root volume. */
export const heldBy = ({ enis, volumes }: Machine) => ({
  interfaces: enis.filter(({ index }) => index !== 0).map(({ id, ip }) => ({ id, ip })),
  volumes: volumes.filter(({ device }) => device !== '/dev/xvda').map(({ id }) => id),
});

/** A condition as it stood when the status was read. */
export const conditionIn = ({ conditions = [] }: AWSClusterStatus, type: string) =>
  conditions.find((one) => one.type === type);

export const identity = ({ id, name }: EtcdMember): string => `${name} ${id}`;

/** For who waits until there are none: what there is instead is what was seen last. */
const noneOf = (troubles: readonly string[]): true => {
  if (troubles.length > 0) throw new Error(troubles.join('; '));
  return true;
};

/** Without its node pool: machines of nodes have no part in what most ask. */
const alone = (): string => readFileSync(MANIFEST, 'utf8').split('\n---\n')[0] ?? '';

/** Makes the cluster, and keeps something in it that must never get lost. */
export const replicasIn = async (sandbox: SandboxForTests, { objects = alone(), name = NAME } = {}) => {
  const manifest = join(sandbox.home, 'cluster.yaml');
  writeFileSync(manifest, objects);
  const journey = journeyIn(sandbox);
  const temporal = temporalOf(sandbox);
  const lifecycle = lifecycleOf(sandbox, manifest);
  await lifecycle.apply();
  await lifecycle.untilProvisioned();
  await succeed(
    'get-credentials',
    sandbox.slipway(['clusters', 'get-credentials', name], { KUBECONFIG: journey.userKubeconfig }),
  );
  await journey.user('create', 'secret', 'generic', 'treasure', '--from-literal=word=swordfish');

  const object = await journey.cluster();
  const entityId = entityWorkflowId({ kind: object.kind, ...object.metadata });
  const { arn, addresses } = await journey.loadBalancer();
  const loadBalancer = targetsOf(sandbox, arn);
  const etcd = await journey.etcd();

  const status = async (): Promise<AWSClusterStatus> => {
    const found = await sandbox.objects().find<{ status?: AWSClusterStatus }>('awsclusters', name);
    return found?.status ?? {};
  };
  const until = <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => waitFor(what, look, UNHURRIED);

  const membersWhen = (what: string, are: (members: readonly EtcdMember[]) => boolean) =>
    until(what, async () => {
      const members = await etcd.members();
      return are(members) ? members : undefined;
    });

  const repairs = async (): Promise<readonly string[]> =>
    (await temporal.list("WorkflowType = 'RepairCluster'")).map((one) =>
      one.status.replace('WORKFLOW_EXECUTION_STATUS_', ''),
    );

  const sweepsDone = async (): Promise<number> =>
    (await temporal.list("WorkflowType = 'DriftSweep' AND ExecutionStatus = 'Completed'")).length;

  const told = {
    journey,
    addresses,
    etcd,
    status,
    until,
    manifest,

    /** What a sweep would do: the entity looks at its cluster. */
    look: () => temporal.poke(entityId),

    /** All is well: etcd's members are, and the API servers, of which the load balancer may hear later than etcd. */
    healthy: async (): Promise<readonly EtcdMember[]> => {
      await until('every API server to be ready, and healthy for the load balancer', async () =>
        noneOf(await loadBalancer.unwell(3)),
      );
      return membersWhen(
        'three healthy members of etcd',
        (members) => members.length === 3 && members.every(({ healthy, name }) => healthy && name !== ''),
      );
    },
    healthyBut: (lost: string) =>
      membersWhen(
        `two healthy members without ${lost}`,
        (members) => members.filter(({ name, healthy }) => healthy && name !== lost).length === 2,
      ),

    /** The number of the replica whose member leads the others: the one whose loss is noticed most. */
    leader: async (): Promise<number> => {
      const members = await until('a leader', async () => {
        const all = await etcd.members();
        return all.some(({ leads }) => leads) ? all : undefined;
      });
      return Number(members.find(({ leads }) => leads)?.name.at(-1));
    },

    /** Another machine than this one stands in its place and holds what a replica holds. */
    replacedBy: (index: number, old: string): Promise<Machine> =>
      until(`another machine than ${old} as replica ${index}`, async () => {
        const now = await journey.replica(index);
        const { volumes, interfaces } = heldBy(now);
        const complete = now.state === 'running' && volumes.length > 0 && interfaces.length > 0;
        return now.id !== old && complete ? now : undefined;
      }),

    /** Every volume of the account that carries the replica's key. */
    volumes: async (index: number): Promise<readonly Row[]> =>
      (await lifecycle.account()).filter(
        ({ kind, detail }) => kind === 'volume' && detail.tags?.['slipway.dev/key'] === `etcd-volume/${index}`,
      ),

    agentLog: (instanceId: string): string =>
      readFileSync(join(folders(sandbox.home).instances, instanceId, 'agent.log'), 'utf8'),

    /** How often Slipway repaired something so far, by how that ended. */
    repairs,

    /** All of them, once each has ended: the status may say so a moment before Temporal does. */
    repairsDone: (): Promise<readonly string[]> =>
      until('every repair to have ended', async () => {
        const now = await repairs();
        return now.includes('RUNNING') ? undefined : now;
      }),

    /** What Slipway changed in AWS since that call. */
    changesSince: async (since: number): Promise<readonly string[]> => {
      const { calls } = await sandbox.callsSince(since, { mutating: true });
      return calls
        .filter(({ accessKey }) => accessKey === AWS_CREDENTIALS.accessKeyId)
        .map(({ operation }) => operation);
    },

    settled: () =>
      until('the cluster to be provisioned, with nothing more to say', async () => {
        const { state, conditions = [], unhealthyReplicas } = await status();
        const ready = conditions.some(({ type, status: truth }) => type === 'Ready' && truth === 'True');
        return state === 'Provisioned' && ready && unhealthyReplicas === undefined ? true : undefined;
      }),

    expectTreasure: async (): Promise<void> => {
      const word = await journey.user('get', 'secret', 'treasure', '-o', 'jsonpath={.data.word}');
      expect(Buffer.from(word, 'base64').toString()).toBe('swordfish');
    },
  };

  await told.healthy();
  // A sweep looks at the targets' health until it has seen all of them well, and then hourly. Of two, one began after this.
  const before = await sweepsDone();
  await until('a sweep to have seen it healthy', async () => ((await sweepsDone()) >= before + 2 ? true : undefined));
  return told;
};

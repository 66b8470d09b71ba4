/**
 * A journey: one person, one sandbox, and the cluster of the seed's manifest, by the commands that the person types.
 *
 * Owns: those commands and what is read out of their answers. Neighbours: `../support/sandbox.ts` runs them; `etcd.ts`,
 * `temporal.ts` and `secrets.ts` look more closely.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entityWorkflowId, isControlPlaneName } from '../../api/names.ts';
import type { ApiAccess } from '../../sandbox/availability/connections.ts';
import type { RecordedCall } from '../../sandbox/aws/proxy/call.ts';
import type { InstanceView } from '../../sandbox/instances/account.ts';
import { AWS_CREDENTIALS, folders, type SandboxLayout } from '../../sandbox/layout.ts';
import { readJson } from '../support/http.ts';
import { type SandboxForTests, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Etcd, etcdOf } from './etcd.ts';

export const MANIFEST = join(import.meta.dirname, '../fixtures/cluster-0.yaml');

export type Made = {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly status?: { readonly state?: string; readonly clusterID?: string; readonly endpoint?: string };
};

type LoadBalancers = readonly {
  readonly arn: string;
  readonly name: string;
  readonly listeners: readonly { readonly targets: readonly { readonly id: string }[] }[];
}[];

/** An instance with the volumes that are attached to it. */
export type Machine = InstanceView & {
  readonly volumes: readonly { readonly id: string; readonly device: string }[];
};

export type Journey = ReturnType<typeof journeyIn>;

export const journeyIn = (sandbox: SandboxForTests) => {
  const userKubeconfig = join(sandbox.home, 'user.kubeconfig');
  const asUser = { KUBECONFIG: userKubeconfig };
  const words = (args: readonly string[]): string => args.join(' ').slice(0, 120);
  /** kubectl with the management API. */
  const kubectl = (...args: readonly string[]): Promise<string> => succeed(words(args), sandbox.kubectl(args));
  /** kubectl with the cluster, by the context that `slipway clusters get-credentials` wrote. */
  const user = (...args: readonly string[]): Promise<string> =>
    succeed(words(args), sandbox.kubectl(args, { kubeconfig: userKubeconfig }));
  const layout = (): SandboxLayout => JSON.parse(readFileSync(folders(sandbox.home).layout, 'utf8')) as SandboxLayout;

  const simulation = (path: string): Promise<unknown> => readJson(`${sandbox.status().aws.endpoint}/_sim/${path}`);

  const made = (): Promise<readonly Made[]> => sandbox.objects().all<Made>();

  const cluster = async (): Promise<Made> => {
    const found = (await made()).find(({ kind }) => kind === 'AWSCluster');
    if (found === undefined) throw new Error('There is no AWSCluster');
    return found;
  };

  const instances = async (): Promise<readonly Machine[]> =>
    ((await simulation('instances')) as readonly Machine[]).filter(({ state }) => state !== 'terminated');

  /** The instance that stands for a replica of the control plane. */
  const replica = async (index: number): Promise<Machine> => {
    const found = (await instances()).find(({ tags }) =>
      tags['aws:autoscaling:groupName']?.endsWith(`-controlplane-${index}`),
    );
    if (found === undefined) throw new Error(`Replica ${index} has no instance`);
    return found;
  };

  /** The load balancer in front of the one cluster's control plane, with its targets' addresses; also while nothing but AWS runs. */
  const loadBalancer = async (): Promise<{ readonly arn: string; readonly addresses: readonly string[] }> => {
    const all = ((await simulation('load-balancers')) as LoadBalancers).filter(({ name }) => isControlPlaneName(name));
    const [found] = all;
    if (found === undefined || all.length > 1) throw new Error(`There is not one cluster but ${all.length}`);
    return { arn: found.arn, addresses: found.listeners.flatMap(({ targets }) => targets.map(({ id }) => id)) };
  };

  return {
    sandbox,
    kubectl,
    user,
    layout,
    simulation,
    made,
    cluster,
    instances,
    replica,
    userKubeconfig,

    /** Every resource of the account, but for instances that have ended. */
    inventory: () => simulation('inventory'),

    untilProvisioned: () =>
      waitFor(
        'the cluster and its three pools to be provisioned',
        async () => {
          const states = (await made()).map(({ status }) => status?.state);
          return states.length === 4 && states.every((state) => state === 'Provisioned') ? true : undefined;
        },
        UNHURRIED,
      ),

    getCredentials: () =>
      succeed('get-credentials', sandbox.slipway(['clusters', 'get-credentials', 'cluster-0'], asUser)),

    /** The workflow ids of the entities of all objects that there are. */
    entityIds: async (): Promise<readonly string[]> =>
      (await made()).map(({ kind, metadata }) => entityWorkflowId({ kind, ...metadata })).sort(),

    /** The number of the last AWS call so far. */
    callsSoFar: async (): Promise<number> => (await sandbox.callsSince(0)).next,

    /** What anyone, Slipway or an agent or a controller, changed in AWS since then. */
    mutationsSince: async (since: number): Promise<readonly string[]> =>
      (await sandbox.callsSince(since, { mutating: true })).calls.map(
        ({ operation, accessKey }: RecordedCall) =>
          `${operation} by ${accessKey === AWS_CREDENTIALS.accessKeyId ? 'Slipway' : accessKey}`,
      ),

    /** How a program reaches the cluster's API as its administrator, without kubectl. */
    apiAccess: async (): Promise<ApiAccess> => {
      const view = JSON.parse(await user('config', 'view', '--raw', '--minify', '-o', 'json')) as {
        clusters: [
          {
            cluster: {
              server: string;
              'tls-server-name': string;
              'proxy-url': string;
              'certificate-authority-data': string;
            };
          },
        ];
        users: [{ user: { exec: { args: readonly string[] } } }];
      };
      const { cluster: endpoint } = view.clusters[0];
      const [, ...plugin] = view.users[0].user.exec.args;
      const issued = JSON.parse(await succeed('credential', sandbox.slipway(plugin, asUser))) as {
        status: { clientCertificateData: string; clientKeyData: string };
      };
      return {
        server: endpoint.server,
        serverName: endpoint['tls-server-name'],
        proxy: endpoint['proxy-url'],
        certificateAuthority: Buffer.from(endpoint['certificate-authority-data'], 'base64').toString('utf8'),
        certificate: issued.status.clientCertificateData,
        key: issued.status.clientKeyData,
      };
    },

    loadBalancer,

    /** Asked at the addresses that the load balancer has for targets: replicas keep them, whatever machine has them. */
    etcd: async (): Promise<Etcd> => {
      const { instances: folder } = folders(sandbox.home);
      return etcdOf(
        () => (existsSync(folder) ? readdirSync(folder) : []).map((id) => join(folder, id)),
        (await loadBalancer()).addresses,
      );
    },

    memberships: async (): Promise<readonly unknown[]> => {
      const list = `${sandbox.status().hub}/v1/projects/jetstack-anthos/locations/global/memberships`;
      const { resources = [] } = (await readJson(list)) as { resources?: readonly unknown[] };
      return resources;
    },

    /** Deletes what the manifest made, and waits as kubectl does by itself. */
    deleteAll: () => kubectl('delete', '-f', MANIFEST, '--timeout', '10m'),
  };
};

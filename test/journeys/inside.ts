/**
 * Inside: a cluster of a stub sandbox, as its user sees and fills it.
 *
 * Owns: kubectl with the user cluster, its nodes, and pods that run there by hand, since nothing starts any. Neighbours: `lifecycle.ts`
 * has what is in AWS and the management API; trials of living pools say what happens.
 */
import { join } from 'node:path';
import { type SandboxForTests, succeed } from '../support/sandbox.ts';

type Listed<T> = { readonly items: readonly T[] };

type Named = {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
};
export type Pod = Named & { readonly spec: { readonly nodeName: string } };
export type Node = Named & {
  readonly spec: { readonly providerID: string; readonly unschedulable?: boolean };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
};

export const machineOf = ({ spec }: Node): string => spec.providerID.slice(spec.providerID.lastIndexOf('/') + 1);
export const readyOf = ({ status }: Node): string | undefined =>
  status.conditions.find(({ type }) => type === 'Ready')?.status;

export type Inside = Awaited<ReturnType<typeof insideOf>>;

/** With credentials of its own for this cluster. */
export const insideOf = async (sandbox: SandboxForTests, cluster: string) => {
  const kubeconfig = join(sandbox.home, `${cluster}.kubeconfig`);
  await succeed(
    'get-credentials',
    sandbox.slipway(['clusters', 'get-credentials', cluster], { KUBECONFIG: kubeconfig }),
  );
  const kubectl = (args: readonly string[], input?: object): Promise<string> =>
    succeed(
      args.join(' '),
      sandbox.kubectl(args, { kubeconfig, ...(input === undefined ? {} : { input: JSON.stringify(input) }) }),
    );
  const listed = async <T>(what: string, ...more: readonly string[]): Promise<readonly T[]> =>
    (JSON.parse(await kubectl(['get', what, '-n', 'default', ...more, '-o', 'json'])) as Listed<T>).items;
  const create = (object: object): Promise<string> => kubectl(['create', '-f', '-', '--validate=false'], object);

  return {
    kubectl,
    list: listed,
    nodes: (...more: readonly string[]) => listed<Node>('nodes', ...more),
    pods: () => listed<Pod>('pods'),
    /** A pod of a ReplicaSet, which runs on this node. */
    runPod: async (name: string, nodeName: string, app = 'web'): Promise<void> => {
      const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: app, uid: 'u', controller: true };
      await create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', labels: { app }, ownerReferences: [owner] },
        spec: { nodeName, containers: [{ name: 'web', image: 'example/web' }] },
      });
      const running = ['--subresource=status', '--type=merge', '-p', '{"status":{"phase":"Running"}}'];
      await kubectl(['patch', 'pod', name, '-n', 'default', ...running]);
    },
    /** A budget that asks for so many pods of an app. */
    setBudget: (name: string, minAvailable: number, app = 'web'): Promise<string> =>
      create({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name, namespace: 'default' },
        spec: { minAvailable, selector: { matchLabels: { app } } },
      }),
  };
};

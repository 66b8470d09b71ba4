/**
 * An upgrade in a sandbox with stub machines: one small cluster of the older version, and what a person asks of it and sees.
 *
 * Owns: what stories of upgrades share. Neighbours: `upgrade.trial.test.ts` is of one that goes well, `upgrade-gone-wrong.trial.test.ts` of those
 * that don't. A stub's replicas decide by the agent's own code what they serve as, and serve the same kinds in every version.
 */
import { smallCluster } from '../../bench/manifests.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { insideOf } from './inside.ts';

const NAME = 'cluster-0';
export const OLD = '1.36.3-gke.1';
export const NEW = '1.37.2-gke.1';

type Upgrade = {
  readonly phase: string;
  readonly committed: boolean;
  readonly soakUntil?: string;
  readonly replicas: readonly { readonly index: number; readonly version?: string; readonly emulation?: string }[];
};
export type Cluster = {
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly state: string;
    readonly observedGeneration?: number;
    readonly kubernetesVersion?: string;
    readonly revision?: { readonly version: string };
    readonly rollout?: { readonly turn: number; readonly of: number };
    readonly upgrade?: Upgrade;
    readonly operations?: readonly { readonly type: string; readonly state: string }[];
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
};

export const condition = ({ status }: Cluster, type: string) => status.conditions.find((one) => one.type === type);
export const isSoaking = ({ status }: Cluster): boolean => status.upgrade?.phase === 'Soaking';
const isAtRest = ({ status, metadata }: Cluster): boolean =>
  status.state === 'Provisioned' && status.observedGeneration === metadata.generation;
export const runs =
  (version: string) =>
  (found: Cluster): boolean =>
    isAtRest(found) && found.status.revision?.version === version && found.status.upgrade === undefined;

export type Upgrading = Awaited<ReturnType<typeof upgradingIn>>;

export const startUpgrading = async (): Promise<Upgrading> =>
  upgradingIn(
    await startSandbox(
      {
        ...{ SLIPWAY_SETTLE_SECONDS: '1', SLIPWAY_PACE: 'quick', SLIPWAY_ORDER_SECONDS: '1' },
        ...{ SLIPWAY_REPAIR_SECONDS: '5', SLIPWAY_SWEEP_SECONDS: '5' },
      },
      { stub: true },
    ),
  );

/** With the cluster, once it is provisioned. */
const upgradingIn = async (sandbox: SandboxForTests) => {
  const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
  const cluster = async (): Promise<Cluster> =>
    JSON.parse(await kubectl('get', 'awscluster', NAME, '-o', 'json')) as Cluster;
  const until = (what: string, holds: (found: Cluster) => boolean): Promise<Cluster> =>
    waitFor(
      what,
      async () => {
        const found = await cluster();
        return holds(found) ? found : undefined;
      },
      UNHURRIED,
    );
  const patch = (controlPlane: object): string[] => [
    ...['patch', 'awscluster', NAME, '--type=merge', '-p'],
    JSON.stringify({ spec: { controlPlane } }),
  ];
  const [first, pool] = smallCluster(NAME);
  const controlPlane = { ...(first?.spec['controlPlane'] as object), version: OLD };
  const objects = [
    { ...first, spec: { ...first?.spec, controlPlane } },
    { ...pool, spec: { ...pool?.spec, version: OLD } },
  ];
  const input = objects.map((one) => JSON.stringify(one)).join('\n---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await until('it is provisioned', isAtRest);
  const inside = await insideOf(sandbox, NAME);
  return {
    sandbox,
    kubectl,
    cluster,
    until,
    /** As it is, whatever comes of it. */
    asks: (controlPlane: object) => sandbox.kubectl(patch(controlPlane)),
    ask: (controlPlane: object): Promise<string> => kubectl(...patch(controlPlane)),
    say: (verb: 'abort' | 'resume' | 'retry'): Promise<string> =>
      succeed(verb, sandbox.slipway(['operations', verb, 'cluster', NAME])),
    fault: (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.sandbox('fault', ...args)),
    inside,
    /** What its API says that it is. */
    served: async (): Promise<Readonly<Record<string, string>>> =>
      JSON.parse(await inside.kubectl(['get', '--raw', '/version'])),
  };
};

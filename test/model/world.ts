/**
 * The world of the model: one cluster and one node pool in a stub sandbox, by the commands that people type.
 *
 * Owns: doing and seeing. Neighbours: `commands.ts` says what is done when, `model.ts` what must be true afterwards.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { API_VERSION, OWN_PREFIX } from '../../api/names.ts';
import { insideOf, type SeenNode } from '../../bench/faults/inside.ts';
import { folders, type SandboxLayout } from '../../sandbox/layout.ts';
import { type HandledRequests, VERBS } from '../../words/verbs.ts';
import { lifecycleOf, type Row, type Traces } from '../journeys/lifecycle.ts';
import type { SandboxForTests } from '../support/sandbox.ts';
import { succeed } from '../support/sandbox.ts';
import { type Kind, ofPool, type Seen, type Shown } from './model.ts';

const MANIFEST = join(import.meta.dirname, '../fixtures/small-cluster.yaml');
const NAMES = { cluster: 'awscluster/small', pool: 'awsnodepool/small-pool' } as const;

export type AwsVerb = 'retry' | 'skip' | 'pause' | 'resume' | 'abort';

type Listed = {
  readonly metadata: {
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly state?: string;
    readonly clusterID?: string;
    readonly handledRequests?: HandledRequests;
    readonly conditions?: readonly { readonly reason: string; readonly status: string }[];
    readonly lastErrors?: readonly { readonly step: string }[];
  };
};

const shownOf = (object: Listed): Shown => ({
  deleting: object.metadata.deletionTimestamp !== undefined,
  finalizers: object.metadata.finalizers ?? [],
  waiting: (object.status?.conditions ?? []).some(({ reason, status }) => reason === 'Waiting' && status === 'True'),
  ...(object.status?.state === undefined ? {} : { state: object.status.state }),
});

/** Whether all that its annotations ask for was heard. */
const hasHeard = ({ metadata, status }: Listed): boolean =>
  VERBS.every((verb) => {
    const asked = metadata.annotations?.[`${OWN_PREFIX}${verb}`];
    return asked === undefined || asked === status?.handledRequests?.[verb];
  });

export type World = ReturnType<typeof worldOf>;

export const worldOf = (sandbox: SandboxForTests) => {
  const [clusterYaml = '', poolYaml = ''] = readFileSync(MANIFEST, 'utf8').split('\n---\n');
  const lifecycle = lifecycleOf(sandbox, MANIFEST);
  const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
  const find = async (kind: Kind): Promise<Listed | undefined> => {
    const [resource, name] =
      kind === 'cluster' ? (['awsclusters', 'small'] as const) : (['awsnodepools', 'small-pool'] as const);
    return sandbox.objects().find<Listed>(resource, name);
  };
  const nodesOf = async (clusterId: string | undefined): Promise<readonly SeenNode[] | undefined> => {
    const { stub } = JSON.parse(readFileSync(folders(sandbox.home).layout, 'utf8')) as SandboxLayout;
    if (clusterId === undefined || stub === undefined) return undefined;
    // Before its first replica boots there is nobody to ask.
    return insideOf(stub, clusterId)
      .nodes()
      .catch(() => undefined);
  };
  const post = async (path: string, body: unknown): Promise<void> => {
    const url = `${sandbox.status().aws.endpoint}${path}`;
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  };

  return {
    apply: (kind: Kind) =>
      succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input: kind === 'cluster' ? clusterYaml : poolYaml })),
    /** Changes the pool's spec. */
    edit: (spec: object) => kubectl('patch', NAMES.pool, '--type=merge', '-p', JSON.stringify({ spec })),
    /** As `kubectl delete --wait=false`, and answers whether it went at once: what has no finalizer yet does. */
    remove: async (kind: Kind): Promise<'gone' | 'going'> => {
      const [resource, name] = NAMES[kind].split('/');
      const path = `/apis/${API_VERSION}/namespaces/default/${resource}s/${name}`;
      const { code, stdout, stderr } = await sandbox.kubectl(['delete', '--raw', path]);
      if (code !== 0 && !stderr.includes('NotFound')) throw new Error(`${path} was not deleted: ${stderr}`);
      return stdout.includes('"deletionTimestamp"') ? 'going' : 'gone';
    },
    /** By annotation, as GitOps does; of an object that is gone by now there is nothing to tell. */
    say: async (kind: Kind, verb: AwsVerb, token: string): Promise<void> => {
      const object = await find(kind);
      if (object === undefined) return;
      const step = verb === 'skip' ? object.status?.lastErrors?.[0]?.step : undefined;
      if (verb === 'skip' && step === undefined) return;
      const value = step === undefined ? token : `${token}/${step}`;
      await sandbox.kubectl(['annotate', NAMES[kind], '--overwrite', `${OWN_PREFIX}${verb}=${value}`]);
    },
    /** Annotations have no order: what is to come after another word is said once that was heard. */
    hasHeard: async (kind: Kind): Promise<boolean> => {
      const object = await find(kind);
      return object === undefined || hasHeard(object);
    },
    kill: (part: string) => succeed('kill', sandbox.sandbox('kill', part)),
    fault: (fault: object) => post('/_proxy/faults', fault),
    clearFaults: async (): Promise<void> => {
      await fetch(`${sandbox.status().aws.endpoint}/_proxy/faults`, { method: 'DELETE' });
    },
    /** One machine ends by itself, as a failed host would end it; which one is the caller's number. */
    loseInstance: async (number: number): Promise<string | undefined> => {
      const instances = (await lifecycle.account()).filter(({ kind }) => kind === 'instance').map(({ id }) => id);
      const id = instances.sort()[number % Math.max(1, instances.length)];
      if (id !== undefined) await post('/_sim/terminate', { id });
      return id;
    },
    /** The machine of one of the pool's nodes stops answering; which one is the caller's number. */
    hangNode: async (number: number): Promise<string | undefined> => {
      const machines = ofPool(await lifecycle.account(), 'instance')
        .map(({ id }) => id)
        .sort();
      const id = machines[number % Math.max(1, machines.length)];
      if (id === undefined) return undefined;
      const { code, stderr } = await sandbox.sandbox('fault', 'hang', id);
      if (code !== 0 && !stderr.includes('runs here')) throw new Error(`${id} was not let hang: ${stderr}`);
      // It has not booted yet, or has just ended.
      return code === 0 ? id : undefined;
    },
    see: async (): Promise<Seen> => {
      const [account, cluster, pool] = await Promise.all([lifecycle.account(), find('cluster'), find('pool')]);
      return {
        account,
        cluster: cluster === undefined ? undefined : shownOf(cluster),
        pool: pool === undefined ? undefined : shownOf(pool),
        nodes: await nodesOf(cluster?.status?.clusterID),
      };
    },
    account: (): Promise<readonly Row[]> => lifecycle.account(),
    traces: (): Promise<Traces> => lifecycle.traces(),
  };
};

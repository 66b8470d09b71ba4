/**
 * Inside: what goes on in the cluster of a case, asked at the stub's own door: its nodes, and a few pods under a budget.
 *
 * Owns: the pods, and whoever starts them again: one a node, all of one budget, each that went is started again on a node that takes
 * it; and how few of them there ever were. Neighbours: `standing.ts` has them played while a case is lived, `changes.ts` judges.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import { DRAIN_MARK } from '../../api/names.ts';
import type { HostPort } from '../../sandbox/layout.ts';

export type SeenNode = {
  readonly name: string;
  readonly machine: string;
  readonly isReady: boolean;
  readonly isClosed: boolean;
  /** Slipway's mark is on it. */
  readonly isMarked: boolean;
  readonly maxPods: number;
  /** The version of its kubelet, such as 1.36.3. */
  readonly kubelet: string;
  readonly labels: Readonly<Record<string, string>>;
};

type SeenPod = { readonly name: string; readonly node: string };

export type Inside = {
  readonly nodes: () => Promise<readonly SeenNode[]>;
  /** The kubelet of this node says that it is not Ready, and has said so for longer than any repair waits. */
  readonly hang: (node: string) => Promise<void>;
  /** One pod that nobody starts again. */
  readonly start: (node: string, name: string) => Promise<void>;
  /** One pod on each node, and a budget by which one of them may be missing; or none, until `loosen`. */
  readonly begin: (budget: 'one may go' | 'none may go') => Promise<void>;
  readonly loosen: () => Promise<void>;
  /** Ends the play. What was wrong in it, in sentences, and all machines that were nodes meanwhile. */
  readonly finish: () => Promise<{ readonly wrong: readonly string[]; readonly machines: readonly string[] }>;
};

const NODES = 'api/v1/nodes';
const PODS = 'api/v1/namespaces/default/pods';
const BUDGETS = 'apis/policy/v1/namespaces/default/poddisruptionbudgets';
const BUDGET = 'web';
const LOOK_MS = 300;
const LONG_AGO_MS = 3_600_000;

type Spec = { readonly nodeName?: string; readonly providerID?: string; readonly unschedulable?: boolean };
type Status = {
  readonly capacity?: { readonly pods?: string };
  readonly nodeInfo?: { readonly kubeletVersion?: string };
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
};

const specOf = (object: KubernetesObject): Spec => (object['spec'] ?? {}) as Spec;

/** A Node as a cluster's API has it. */
export const nodeOf = (object: KubernetesObject): SeenNode => {
  const { providerID = '', unschedulable = false } = specOf(object);
  const { conditions = [], capacity, nodeInfo } = (object['status'] ?? {}) as Status;
  const { name, labels = {}, annotations = {} } = object.metadata;
  return {
    name,
    machine: providerID.slice(providerID.lastIndexOf('/') + 1),
    isReady: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    isClosed: unschedulable,
    isMarked: annotations[DRAIN_MARK] !== undefined,
    maxPods: Number(capacity?.pods),
    kubelet: (nodeInfo?.kubeletVersion ?? '').replace(/^v/, ''),
    labels,
  };
};

const podOn = (node: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    labels: { app: 'web' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'web', controller: true }],
  },
  spec: { nodeName: node, containers: [{ name: 'web', image: 'example/web' }] },
  status: { phase: 'Running' },
});

const budgetOf = (minAvailable: number) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: BUDGET, namespace: 'default' },
  spec: { minAvailable, selector: { matchLabels: { app: 'web' } } },
});

/** The cluster's API, as the stub's own door has it. */
const doorOf = ({ host, port }: HostPort, clusterId: string) => {
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`http://${host}:${port}/clusters/${clusterId}/${path}`, {
      method,
      headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok && !(method === 'DELETE' && answer.status === 404))
      throw new Error(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const list = async (path: string): Promise<readonly KubernetesObject[]> =>
    ((await ask('GET', path)) as { readonly items: readonly KubernetesObject[] }).items;
  return {
    ask,
    nodes: async () => (await list(NODES)).map(nodeOf),
    pods: async (): Promise<readonly SeenPod[]> =>
      (await list(PODS)).map((pod) => ({ name: pod.metadata.name, node: specOf(pod).nodeName ?? '' })),
  };
};

type Play = {
  readonly wanted: number;
  readonly stop: AbortController;
  /** All that ever were nodes. */
  readonly machines: Set<string>;
  /** What the budget asks for, and the fewest that ran. */
  least: number;
  lowest: number;
  started: number;
  trouble: string;
};

type Door = ReturnType<typeof doorOf>;

/** Each that is missing is started on the node with the fewest that takes it. */
const replaceMissing = async ({ ask, pods, nodes }: Door, play: Play): Promise<void> => {
  const [running, all] = await Promise.all([pods(), nodes()]);
  play.lowest = Math.min(play.lowest, running.length);
  for (const { machine } of all) play.machines.add(machine);
  const open = all.filter(({ isClosed, isReady }) => !isClosed && isReady);
  const countOn = (name: string): number => running.filter(({ node }) => node === name).length;
  const [node] = open.toSorted((a, b) => countOn(a.name) - countOn(b.name));
  if (node === undefined || running.length >= play.wanted) return;
  play.started += 1;
  await ask('POST', PODS, podOn(node.name, `web-${play.started}`));
};

const playPods = async (door: Door, play: Play): Promise<void> => {
  while (!play.stop.signal.aborted) {
    await replaceMissing(door, play).catch((error: unknown) => {
      play.trouble = String(error);
    });
    await delay(LOOK_MS);
  }
};

const removePods = async ({ ask, pods }: Door): Promise<void> => {
  for (const { name } of await pods()) await ask('DELETE', `${PODS}/${name}`);
  await ask('DELETE', `${BUDGETS}/${BUDGET}`);
};

/** What was wrong with them in the end, in sentences. */
const wrongIn = async ({ nodes, pods }: Door, { lowest, least, trouble }: Play): Promise<readonly string[]> => {
  const there = new Set((await nodes()).map(({ name }) => name));
  const stranded = (await pods()).filter(({ node }) => !there.has(node));
  return [
    ...(lowest < least ? [`${lowest} pods ran at a time, and their budget asks for ${least}`] : []),
    ...stranded.map(({ name, node }) => `pod ${name} was on node ${node}, whose machine ended undrained`),
    ...(trouble === '' ? [] : [`the pods could not be played: ${trouble}`]),
  ];
};

const hungSince = (since: string) => ({
  type: 'Ready',
  status: 'False',
  reason: 'KubeletNotReady',
  message: 'PLEG is not healthy',
  lastHeartbeatTime: since,
  lastTransitionTime: since,
});

export const insideOf = (at: HostPort, clusterId: string): Inside => {
  const door = doorOf(at, clusterId);
  const state: { play: Play | undefined; playing: Promise<void> } = { play: undefined, playing: Promise.resolve() };
  const finish: Inside['finish'] = async () => {
    const { play, playing } = state;
    state.play = undefined;
    play?.stop.abort();
    await playing;
    if (play === undefined) return { wrong: [], machines: [] };
    const wrong = await wrongIn(door, play);
    await removePods(door);
    return { wrong, machines: [...play.machines].sort() };
  };
  return {
    nodes: door.nodes,
    start: async (node, name) => void (await door.ask('POST', PODS, podOn(node, name))),
    hang: async (node) => {
      const conditions = [hungSince(new Date(Date.now() - LONG_AGO_MS).toISOString())];
      await door.ask('PATCH', `${NODES}/${node}/status`, { status: { conditions } });
    },
    begin: async (budget) => {
      const nodes = await door.nodes();
      const wanted = nodes.length;
      const least = budget === 'one may go' ? wanted - 1 : wanted;
      for (const [index, { name }] of nodes.entries()) await door.ask('POST', PODS, podOn(name, `web-${index}`));
      await door.ask('POST', BUDGETS, budgetOf(least));
      const began = { least, lowest: wanted, started: wanted, trouble: '' };
      const play: Play = { wanted, stop: new AbortController(), machines: new Set(), ...began };
      Object.assign(state, { play, playing: playPods(door, play) });
    },
    loosen: async () => {
      const { play } = state;
      if (play === undefined) return;
      // Whoever went before went against it.
      if (play.lowest >= play.least) play.least = play.wanted - 1;
      await door.ask('PATCH', `${BUDGETS}/${BUDGET}`, { spec: { minAvailable: play.wanted - 1 } });
    },
    finish,
  };
};

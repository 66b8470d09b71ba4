/**
 * Reaction: how soon an operation goes on once a fact that it waits for is there.
 *
 * Owns: watching two facts from outside while a cluster is made (its API answers through the load balancer; all its nodes
 * are registered as Ready), and when Temporal wrote down that the step which waited was done. Neighbours: `create.ts` runs it.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fetch, ProxyAgent } from 'undici';
import { folders, type SandboxLayout } from '../sandbox/layout.ts';
import { operationIdOf } from '../words/operations.ts';
import type { Cloud } from './cloud.ts';
import { readTimes } from './histories.ts';
import { apply, entityIdOf, seedManifests, stored, untilProvisioned } from './manifests.ts';

const LOOK_MS = 25;
const NODES = 9;

export type Reaction = { readonly fact: string; readonly milliseconds: number };

/** Epoch milliseconds of the first look that finds it. */
const firstTime = async (isTrue: () => Promise<boolean>, signal: AbortSignal): Promise<number> => {
  while (!signal.aborted) {
    if (await isTrue()) return Date.now();
    await delay(LOOK_MS);
  }
  throw new Error('it was not seen before the cluster was provisioned');
};

/** Over a connection of its own: one that was begun before anybody answered may hang for longer than a create takes. */
const answers = async (url: string, proxy: string): Promise<boolean> => {
  // Who answers is of no interest here, only that somebody does.
  const dispatcher = new ProxyAgent({ uri: proxy, requestTls: { rejectUnauthorized: false } });
  try {
    const answer = await fetch(url, { dispatcher, signal: AbortSignal.timeout(1_000) });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    // Whatever it fails with, it does not answer yet.
    return false;
  } finally {
    void dispatcher.destroy();
  }
};

const completed = async (cloud: Cloud, entityId: string, step: RegExp): Promise<number> => {
  const { activities } = await readTimes(cloud.temporal, operationIdOf(entityId));
  const done = activities.filter(({ id }) => step.test(id)).map((one) => one.completed);
  if (done.length === 0) throw new Error(`${entityId} has done no step like ${String(step)}`);
  return Math.max(...done);
};

type Watching = {
  readonly stub: NonNullable<SandboxLayout['stub']>;
  readonly proxy: string;
  readonly signal: AbortSignal;
};

/** When the API first answered, and when all nodes were first there. */
const watchFacts = (cloud: Cloud, { stub, proxy, signal }: Watching): Promise<readonly [number, number]> => {
  const endpoint = async (): Promise<string | undefined> =>
    (await stored(cloud)).map(({ status }) => status?.endpoint).find((one) => one !== undefined);
  const apiAnswers = firstTime(async () => {
    const known = await endpoint();
    return known !== undefined && (await answers(`https://${known}/readyz`, proxy));
  }, signal);
  const nodesAreThere = firstTime(async () => {
    const clusters = (await (await fetch(`http://${stub.host}:${stub.port}/clusters`)).json()) as readonly {
      readonly nodes: readonly string[];
    }[];
    return clusters.some(({ nodes }) => nodes.length >= NODES);
  }, signal);
  return Promise.all([apiAnswers, nodesAreThere]);
};

/** Makes the seed's cluster, and answers when its facts were first seen. */
const provision = async (cloud: Cloud, watching: Omit<Watching, 'signal'>, limitMs: number) => {
  const over = new AbortController();
  const seen = watchFacts(cloud, { ...watching, signal: over.signal });
  // A failure is told below, beside what it may be a consequence of.
  const unseen: unknown[] = [];
  seen.catch((error: unknown) => unseen.push(error));
  try {
    const manifests = seedManifests();
    await apply(cloud, manifests);
    await untilProvisioned(cloud, manifests.length, limitMs);
    over.abort();
    return await seen;
  } catch (error) {
    const others = unseen.filter((one) => one !== error);
    throw others.length === 0 ? error : new AggregateError([error, ...others], 'the cluster was neither made nor seen');
  } finally {
    over.abort();
  }
};

/** Makes the seed's cluster and watches it. Only in a cloud of stubs, which says how many nodes there are. */
export const measureReactions = async (cloud: Cloud, limitMs: number): Promise<readonly Reaction[]> => {
  const { home, proxy } = cloud.status();
  const { stub } = JSON.parse(readFileSync(folders(home).layout, 'utf8')) as SandboxLayout;
  if (stub === undefined) throw new Error('reactions are measured in a cloud of stubs');
  const [api, nodes] = await provision(cloud, { stub, proxy }, limitMs);
  const all = (await stored(cloud)).map((object) => ({ kind: object.kind, id: entityIdOf(object) }));
  const cluster = all.find(({ kind }) => kind === 'AWSCluster');
  if (cluster === undefined) throw new Error('there is no cluster');
  const pools = all.filter(({ kind }) => kind === 'AWSNodePool');
  const waited = await Promise.all(pools.map(({ id }) => completed(cloud, id, /^wait nodes\//)));
  return [
    { fact: 'the API answers', milliseconds: (await completed(cloud, cluster.id, /^wait control-plane\//)) - api },
    { fact: 'the last node is Ready', milliseconds: Math.max(...waited) - nodes },
  ];
};

/**
 * Custom resources: each is listed once at an API server that has just started, before it counts as ready.
 *
 * Owns: which there are, the listings, and for how long they are tried: a resource whose conversion is broken must not keep a
 * replica from serving. Neighbours: `machine/component.ts` says why and as whom; `components.ts` waits for it.
 * Invariant: I9 (what could not be listed is said).
 */
import { readFile } from 'node:fs/promises';
import type { WarmUp } from '../machine/component.ts';
import { wholeMessageOf } from '../words/failure.ts';
import { createKubernetes, type Kubernetes, reasonOf } from './kubernetes.ts';
import type { Log } from './log.ts';
import { pause } from './persist.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const LONGEST_MILLIS = 20_000;
const PAUSE_MILLIS = 1_000;

type Definition = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
};

const pathsOf = ({ spec: { group, names, versions } }: Definition): readonly string[] =>
  versions.filter(({ served }) => served).map(({ name }) => `/apis/${group}/${name}/${names.plural}`);

/** What is left to be listed, with why. */
const listEach = async (kubernetes: Kubernetes, paths: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const left = new Map<string, string>();
  for (const path of paths) {
    try {
      const answer = await kubernetes.call('GET', `${path}?limit=1`);
      // One that was deleted since is none any more.
      if (answer.status !== 200 && answer.status !== 404) left.set(path, reasonOf(answer));
    } catch (thrown) {
      // One that hangs must not hide those after it.
      left.set(path, wholeMessageOf(thrown));
    }
  }
  return left;
};

const definitionsAt = async (kubernetes: Kubernetes): Promise<readonly string[]> => {
  const answer = await kubernetes.call('GET', DEFINITIONS);
  if (answer.status !== 200) throw new Error(reasonOf(answer));
  return (answer.body as { readonly items: readonly Definition[] }).items.flatMap(pathsOf);
};

const listed = async (kubernetes: Kubernetes, log: Log, signal: AbortSignal): Promise<void> => {
  let paths: readonly string[] | undefined;
  let why = '';
  const over = Date.now() + LONGEST_MILLIS;
  while (Date.now() < over) {
    try {
      paths ??= await definitionsAt(kubernetes);
      const left = await listEach(kubernetes, paths);
      if (left.size === 0) return;
      paths = [...left.keys()];
      why = [...left].map(([path, reason]) => `${path}: ${reason}`).join('; ');
    } catch (thrown) {
      why = wholeMessageOf(thrown);
    }
    await pause(PAUSE_MILLIS, signal);
  }
  log.warn(`The API server serves, although not every custom resource could be listed: ${why}`);
};

/** Resolves once each was listed, or could not be for long enough. */
export const warmUpCustomResources = async (warmUp: WarmUp, log: Log, signal: AbortSignal): Promise<void> => {
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  const { server, authorityFile, certificateFile, keyFile } = warmUp;
  const [authority, certificate, key] = await Promise.all([read(authorityFile), read(certificateFile), read(keyFile)]);
  const kubernetes = createKubernetes({ server, authority, credentials: { kind: 'certificate', certificate, key } });
  try {
    await listed(kubernetes, log, signal);
  } finally {
    kubernetes.close();
  }
};

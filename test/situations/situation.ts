/**
 * A situation: something in the account, the hub or the cluster that stands in the way of one object.
 *
 * Owns: the shape, and how a situation's object is written. Neighbours: `situations.ts` is the list, `sides.ts` looks at it
 * from four sides, `world.ts` makes and cures faults.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import type { World } from './world.ts';

/** One object that waits for somebody, as people know it. */
export type Subject = {
  readonly kind: 'AWSCluster' | 'AWSNodePool';
  readonly name: string;
  readonly clusterId: string;
};

export type Situation = {
  /** How a person would say it. */
  readonly title: string;
  /** Name of its cluster. */
  readonly cluster: string;
  /** Its node pool is what is stuck; others have none. */
  readonly pool?: true;
  /** The step that says so, and what it says. */
  readonly step: string;
  readonly verdict: 'blocked' | 'capacity' | 'retry' | 'overdue';
  readonly why: RegExp;
  readonly prepare: (world: World) => Promise<Prepared>;
};

export type Prepared = {
  /** What its cluster's spec has beside the usual, by path: `controlPlane.keyName`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Once the cluster's id is known, and before anybody looks at it. */
  readonly arrange?: (clusterId: string) => Promise<unknown>;
  readonly cure: (clusterId: string) => Promise<unknown>;
};

const MANIFEST = join(import.meta.dirname, '../fixtures/small-cluster.yaml');

type Document = { kind: string; metadata: { name: string }; spec: Record<string, unknown> };

const set = (target: Record<string, unknown>, path: string, value: unknown): void => {
  const [first = '', ...rest] = path.split('.');
  if (rest.length > 0) set(target[first] as Record<string, unknown>, rest.join('.'), value);
  else if (value === undefined) delete target[first];
  else target[first] = value;
};

/** The small cluster under another name, without hub membership unless the spec says so, and its pool where it matters. */
export const manifestOf = (situation: Situation, spec: Readonly<Record<string, unknown>>): string => {
  const documents = parseAllDocuments(readFileSync(MANIFEST, 'utf8')).map((one) => one.toJS() as Document);
  const wanted = documents.filter(({ kind }) => kind === 'AWSCluster' || situation.pool === true);
  for (const document of wanted) {
    document.metadata.name = document.kind === 'AWSCluster' ? situation.cluster : `${situation.cluster}-pool`;
    if (document.kind === 'AWSNodePool') set(document.spec, 'clusterName', situation.cluster);
    else
      for (const [path, value] of Object.entries({ 'controlPlane.hub': undefined, ...spec }))
        set(document.spec, path, value);
  }
  return wanted.map((document) => stringify(document)).join('---\n');
};

export const subjectOf = (situation: Situation, clusterId: string): Subject => ({
  kind: situation.pool === true ? 'AWSNodePool' : 'AWSCluster',
  name: situation.pool === true ? `${situation.cluster}-pool` : situation.cluster,
  clusterId,
});

/**
 * Rendered: an add-on's objects as they are applied, and the fingerprint that says which ones they are.
 *
 * Owns: labels and fingerprint. The fingerprint of all objects is annotated on the one that is applied last, so the cluster itself
 * says what it was given, and whether all of it arrived. Neighbours: `index.ts` has the rows, `differences.ts` compares what is
 * rendered with what is there. Pure. Invariants: I6 (a rendering, once published, makes of the same parameters the same objects:
 * golden files hold it).
 */
import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { ADDONS } from './index.ts';
import { type Addon, type AddonParameters, labelled } from './manifest.ts';

const FINGERPRINT = 'slipway.dev/fingerprint';

/** What an add-on is rendered with. */
export type Rendering = {
  readonly addon: string;
  readonly parameters: AddonParameters;
  /** Which rendering of it: 1 where it is absent. */
  readonly rendering?: number;
};

/** The newest rendering: a revision names the one that it was published with. */
const NEWEST_RENDERING = 1;

export const knowsRendering = (rendering: number): boolean => rendering >= 1 && rendering <= NEWEST_RENDERING;

/** Throws where another release is needed: what can't be rendered is not there to be judged. */
export const refuseUnknownRendering = (rendering: number): void => {
  if (knowsRendering(rendering)) return;
  throw new Error(
    `Add-ons of rendering ${rendering} are unknown to this release of Slipway, which knows 1 to ${NEWEST_RENDERING}: a newer one made them. Run that one.`,
  );
};

const rowOf = (name: string, rows: readonly Addon[]): Addon => {
  const row = rows.find((one) => one.name === name);
  if (row !== undefined) return row;
  throw new Error(`This release of Slipway knows no add-on ${name}: a newer one planned it. Run that one.`);
};

/** The objects of an add-on in the order in which they are applied; the last carries the fingerprint of all. */
export const rendered = (
  { addon, parameters, rendering = 1 }: Rendering,
  rows: readonly Addon[] = ADDONS,
): readonly KubernetesObject[] => {
  refuseUnknownRendering(rendering);
  const objects = labelled(addon, rowOf(addon, rows).objects(parameters, rendering));
  const last = objects.at(-1);
  if (last === undefined) throw new Error(`The add-on ${addon} has no objects.`);
  const fingerprint = createHash('sha256').update(JSON.stringify(objects)).digest('hex').slice(0, 16);
  const metadata = { ...last.metadata, annotations: { ...last.metadata.annotations, [FINGERPRINT]: fingerprint } };
  return [...objects.slice(0, -1), { ...last, metadata }];
};

export const fingerprintOf = (objects: readonly KubernetesObject[]): string | undefined =>
  objects.at(-1)?.metadata.annotations?.[FINGERPRINT];

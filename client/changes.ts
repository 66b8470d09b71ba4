/**
 * Changes in words: what it takes to change a field, for people who have not applied the change yet.
 *
 * Owns: one sentence a field, the same in admission's warnings and in `slipway clusters plan -f`. Pure. Neighbours: `api/changes.ts` has
 * what each field takes, `policy/pool-fields.ts` what it takes as things are in AWS, `version-words.ts` a control plane's version.
 */
import { CONTROL_PLANE_MACHINES, type FieldChange, fewerNodes, valueAt } from '../api/changes.ts';
import type { Release } from '../api/releases.ts';
import { controlPlaneTurns, type VersionChangeWords, versionWords } from './version-words.ts';

/** What is asked for, with what the stored object's status says of what runs: of any release. */
export type Asked = { readonly spec: unknown; readonly status?: unknown; readonly catalogue?: readonly Release[] };

/** How many machines go, and how; `undefined` where nobody knows. */
export type Machines = { readonly replaces?: number; readonly fewer?: number };

/** By how many machines a pool keeps. */
export const countsBetween = (before: unknown, after: unknown, nodes: number): Machines => {
  const fewer = fewerNodes(before, after, nodes);
  return { replaces: nodes - fewer, fewer };
};

/** Once it was, what it lacks is a change; before, it is made as its newest spec says. */
export const isProvisioned = ({ status }: { readonly status?: unknown }): boolean => {
  const state = valueAt(status, 'state');
  return typeof state === 'string' && state !== 'Provisioning' && state !== 'Deleting';
};

const machines = (count: number | undefined): string => {
  if (count === undefined) return 'its machines';
  return count === 1 ? '1 machine' : `${count} machines`;
};

const numberAt = (spec: unknown, path: string, otherwise: number): number => {
  const value = valueAt(spec, path);
  return typeof value === 'number' ? value : otherwise;
};

/** How many machines go together, by `updateSettings.surgeSettings`. */
const pace = (spec: unknown): string => {
  const surge = numberAt(spec, 'updateSettings.surgeSettings.maxSurge', 1);
  const together = surge + numberAt(spec, 'updateSettings.surgeSettings.maxUnavailable', 0);
  const how = surge === 0 ? '' : ', new ones first';
  return together === 1 ? `1 at a time${how}` : `the first alone, then ${together} at a time${how}`;
};

/** Where turns wait by the object's own policy; that of a pool's cluster is not seen from here. */
const patience = (spec: unknown): string => {
  const mode = valueAt(spec, 'updatePolicy.mode');
  if (mode === 'Window') return ', within its windows';
  return mode === 'Manual' ? ', once somebody says resume' : '';
};

const inFull = ({ does, until }: VersionChangeWords, spec: unknown): string =>
  until === undefined ? does : `${does}${patience(spec)}; ${until}`;

/** Of a control plane all of them are replaced; the number for a pool is another matter. */
const turns = ({ field }: FieldChange, asked: Asked, replaces: number | undefined): string => {
  const { spec, status, catalogue } = asked;
  if (field === 'controlPlane.version') {
    const version = versionWords(spec, status, catalogue);
    if (version !== undefined) return inFull(version, spec);
  }
  if (field.startsWith('controlPlane.')) {
    return `${controlPlaneTurns(CONTROL_PLANE_MACHINES)}${patience(spec)}`;
  }
  return replaces === 0
    ? 'in turns, and there is no machine to replace'
    : `replaces ${machines(replaces)} in turns, ${pace(spec)}${patience(spec)}`;
};

/** How many machines of a control plane go with these changes: all of them, but where only an upgrade is taken back. */
export const controlPlaneMachines = (changes: readonly FieldChange[], { spec, status, catalogue }: Asked): number => {
  const turning = changes.filter(({ takes }) => takes === 'turns');
  const [only] = turning;
  if (only === undefined) return 0;
  const version = only.field === 'controlPlane.version' ? versionWords(spec, status, catalogue) : undefined;
  return turning.length === 1 && version !== undefined ? version.replaces : CONTROL_PLANE_MACHINES;
};

/** What a change takes. Without a full stop. */
export const changeWords = (change: FieldChange, asked: Asked, { replaces, fewer }: Machines): string => {
  const { takes, when } = change;
  switch (takes) {
    case 'in place':
      return 'in place';
    case 'turns':
      return turns(change, asked, replaces);
    case 'drains':
      return `drains ${machines(fewer)}, which then ${fewer === 1 ? 'ends' : 'end, one after the other'}`;
    case 'fixed':
      return 'cannot be changed';
    case 'nothing now':
      return when === undefined ? 'nothing now' : `nothing now: ${when}`;
  }
};

/**
 * Pool fields: what a change of a node pool's spec takes, field by field, before anything is done.
 *
 * Owns: what a change takes as things are: found by planning each field's change alone, with the same topology and the same plan
 * that carry it out, so that what is said beforehand and what then happens can't differ. Neighbours: `api/changes.ts` has the sorts, and
 * the table that needs no look at AWS; `decide-turns.ts` says what machines are told, `ensure.ts` plans. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { fixedFields, type Takes } from '../api/changes.ts';
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool, AWSNodePoolSpec } from '../api/nodepool.ts';
import { isMadeOf, lastingFingerprint } from '../kinds/launch-template.ts';
import type { Found } from '../kinds/resource.ts';
import { nodePoolTopology } from '../topology/nodepool.ts';
import { poolOfKey } from '../words/keys.ts';
import { toldBy } from './decide-turns.ts';
import { planEnsure } from './ensure.ts';
import { knownFrom } from './known.ts';
import type { Plan } from './plan.ts';
import type { PoolMachines } from './pool-machines.ts';
import { releaseOfPool } from './revision.ts';
import { groupOf, tooMany } from './shrink.ts';

type FieldChange = { readonly field: keyof AWSNodePoolSpec; readonly takes: Takes };

/** `replaces`: how many machines others take the place of; `fewer`: how many are drained and end, and nobody takes their place. */
export type PoolChanges = {
  readonly fields: readonly FieldChange[];
  readonly replaces: number;
  readonly fewer: number;
};

type Asked = {
  readonly cluster: AWSCluster;
  readonly inventory: readonly Found[];
  /** Its machines one by one; without them all count as if they were as the pool asks for now. */
  readonly machines?: PoolMachines;
};

type Told = ReturnType<typeof toldBy>;

/** What its plan would do by itself, and what machines would be told. */
const judged = (
  pool: AWSNodePool,
  { cluster, inventory }: Asked,
): { readonly steps: Plan['steps']; readonly told: Told } | undefined => {
  const release = releaseOfPool(pool);
  if (release === undefined) return undefined;
  const topology = nodePoolTopology(pool, cluster, release);
  const own = inventory.filter(({ key }) => poolOfKey(key) !== undefined || !key.includes('/'));
  const external = knownFrom(inventory.filter((found) => !own.includes(found)));
  const { plan } = planEnsure(topology, own, { external, fresh: false, provisioned: true, live: true });
  return { steps: plan.steps, told: toldBy(topology, knownFrom(inventory)) };
};

/** Whether machines need not give way to others. */
const isSame = (one: Told, other: Told): boolean =>
  one === undefined || other === undefined ? one === other : lastingFingerprint(one) === lastingFingerprint(other);

const takenBy = (field: keyof AWSNodePoolSpec, before: AWSNodePool, after: AWSNodePool, asked: Asked): Takes => {
  if (fixedFields('AWSNodePool').includes(field)) return 'fixed';
  const one = { ...before, spec: { ...before.spec, [field]: after.spec[field] } } as AWSNodePool;
  if (tooMany(one, asked.inventory) > tooMany(before, asked.inventory)) return 'drains';
  const [is, was] = [judged(one, asked), judged(before, asked)];
  // A version that no catalogue has is refused by whoever looks, and nothing is done.
  if (is === undefined || was === undefined) return 'nothing now';
  if (!isSame(is.told, was.told)) return 'turns';
  return isDeepStrictEqual(is.steps, was.steps) ? 'nothing now' : 'in place';
};

/** How many machines are not what the pool asks for. */
const outdated = (pool: AWSNodePool, asked: Asked, desired: number): number => {
  const told = judged(pool, asked)?.told;
  if (asked.machines === undefined || told === undefined) return desired;
  return asked.machines.machines.filter(({ madeOf }) => madeOf === undefined || !isMadeOf(told, madeOf)).length;
};

/**
 * What it takes to make of the pool what `after` asks for, as things are. `inventory` holds the pool's own and what it takes from its
 * cluster; `before` is the pool as it is stored, with its status. Fields come sorted by name. What is replaced anyway, for an earlier
 * change, counts with the rest.
 */
export const whatChanges = (before: AWSNodePool, after: AWSNodePool, asked: Asked): PoolChanges => {
  const names = [...new Set([...Object.keys(before.spec), ...Object.keys(after.spec)])].sort();
  const changed = (names as (keyof AWSNodePoolSpec)[]).filter(
    (name) => !isDeepStrictEqual(before.spec[name], after.spec[name]),
  );
  const fields = changed.map((field) => ({ field, takes: takenBy(field, before, after, asked) }));
  const { desired = 0 } = groupOf(before, asked.inventory) ?? {};
  const fewer = tooMany(after, asked.inventory);
  const turns = fields.some(({ takes }) => takes === 'turns');
  // Those that were told otherwise are the first to go where there are to be fewer.
  return { fields, fewer, replaces: turns ? Math.max(0, outdated(after, asked, desired) - fewer) : 0 };
};

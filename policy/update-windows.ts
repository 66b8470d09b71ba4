/**
 * Update windows: may machines begin to be replaced now, by an update policy, and if not, when.
 *
 * Owns: windows as parts of a week in UTC, which has neither summer time nor an end: one that begins on Sunday may end on Monday. Neighbours:
 * `api/update-policy.ts` has the field, `decide-turns.ts` and `replica-turns.ts` ask before a turn begins. Pure: the time is given.
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { DAYS, type UpdatePolicy } from '../api/update-policy.ts';
import type { OperationType } from '../words/operations.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const WEEK = 7 * DAY;
/** 1970 began on a Thursday. */
const FIRST_MONDAY = 4 * DAY;

/** The condition's reason for each way of waiting. */
export const HELD_BACK = { Window: 'WaitsForWindow', Manual: 'WaitsForWord', Soak: 'Soaks' } as const;

/** A rollout that waits for its time or for somebody's word; `target`: the fingerprint of what machines are to be. */
export type HeldBack = {
  readonly type: OperationType;
  readonly until: keyof typeof HELD_BACK;
  readonly target: string;
};

type Window = NonNullable<UpdatePolicy['windows']>[number];

const IMMEDIATE: UpdatePolicy = { mode: 'Immediate' };

/** By which machines of a control plane are replaced. */
export const updatePolicyOfCluster = ({ spec }: Pick<AWSCluster, 'spec'>): UpdatePolicy =>
  spec.updatePolicy ?? IMMEDIATE;

/** A pool's own, or its cluster's. */
export const updatePolicyOf = (pool: Pick<AWSNodePool, 'spec'>, cluster: Pick<AWSCluster, 'spec'>): UpdatePolicy =>
  pool.spec.updatePolicy ?? updatePolicyOfCluster(cluster);

/** `opensAt`: when turns may begin by themselves, in epoch milliseconds; absent where only a person's word lets them. */
export type Opening = { readonly kind: 'open' } | { readonly kind: 'closed'; readonly opensAt?: number };

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

/** When a window begins, in milliseconds after Monday 00:00 UTC, once for each of its days. */
const beginnings = ({ days, start }: Window): readonly number[] => {
  const [hours = 0, minutes = 0] = start.split(':').map(Number);
  return days.map((day) => DAYS.indexOf(day) * DAY + (hours * 60 + minutes) * MINUTE);
};

/** `now` in epoch milliseconds. A window is open from its beginning on, and closed from its end on. */
export const openingOf = ({ mode, windows = [] }: UpdatePolicy, now: number): Opening => {
  switch (mode) {
    case 'Immediate':
      return { kind: 'open' };
    case 'Manual':
      return { kind: 'closed' };
    case 'Window': {
      const ofWeek = modulo(now - FIRST_MONDAY, WEEK);
      const all = windows.flatMap((window) => beginnings(window).map((begins) => ({ begins, ...window })));
      const isOpen = all.some(({ begins, minutes }) => modulo(ofWeek - begins, WEEK) < minutes * MINUTE);
      if (isOpen) return { kind: 'open' };
      const waits = all.map(({ begins }) => modulo(begins - ofWeek, WEEK));
      return waits.length === 0 ? { kind: 'closed' } : { kind: 'closed', opensAt: now + Math.min(...waits) };
    }
  }
};

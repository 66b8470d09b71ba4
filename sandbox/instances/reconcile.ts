/**
 * Reconcile: what to do about the difference between the account's instances and the processes that stand for them.
 *
 * Owns: the decision, as a pure function of both, taken anew at each look; no event is trusted. Neighbours: `host.ts`
 * looks and acts; `power.ts` starts and ends. Keeps: an instance has at most one process group; one that died by itself
 * is reported once; nothing is concluded from a listing that failed (the caller has none to pass, I12).
 */
import type { InstanceState } from './account.ts';

/** How an instance's processes stand. */
export type Power =
  /** Never started, or ended on purpose. */
  | 'off'
  | 'on'
  /** Told to end; some of its processes may be left. */
  | 'ending'
  /** The group's leader went by itself: to the account this is a host that failed. */
  | 'died'
  /** As `died`, and the account knows. */
  | 'reported'
  /** Terminated and cleared away; only its logs are left. */
  | 'retired';

export type Action =
  | { readonly kind: 'start'; readonly id: string }
  /** `now` doesn't wait for it: what belonged to the instance is free for others already. */
  | { readonly kind: 'end'; readonly id: string; readonly now: boolean }
  | { readonly kind: 'report'; readonly id: string }
  /** Nothing of it is left, and the account waits for just that. */
  | { readonly kind: 'ended'; readonly id: string }
  | { readonly kind: 'retire'; readonly id: string };

export const reconcile = (
  observed: readonly { readonly id: string; readonly state: InstanceState }[],
  powers: ReadonlyMap<string, Power>,
): readonly Action[] => {
  const known = new Set(observed.map((instance) => instance.id));
  // An id that a complete listing doesn't hold is of an account that was lost: it would keep addresses that the new
  // account gives to others.
  const lost = [...powers.keys()].filter((id) => !known.has(id));
  return [
    ...observed.flatMap(({ id, state }) => decide(id, state, powers.get(id))),
    ...lost.flatMap((id) => decide(id, 'terminated', powers.get(id))),
  ];
};

/** `power` is undefined for an instance that has never had a folder here. */
const decide = (id: string, state: InstanceState, power: Power | undefined): readonly Action[] => {
  switch (state) {
    case 'pending':
    case 'running':
      return whenWanted(id, power);
    case 'shutting-down':
    case 'stopping':
      return [hasProcesses(power) ? { kind: 'end', id, now: false } : { kind: 'ended', id }];
    case 'stopped':
      return hasProcesses(power) ? [{ kind: 'end', id, now: true }] : [];
    case 'terminated':
      if (hasProcesses(power)) return [{ kind: 'end', id, now: true }];
      return power === undefined || power === 'retired' ? [] : [{ kind: 'retire', id }];
  }
};

const whenWanted = (id: string, power: Power | undefined): readonly Action[] => {
  switch (power) {
    case undefined:
    case 'off':
    case 'retired':
      return [{ kind: 'start', id }];
    case 'ending':
      // Stopped and started again: two groups of one instance would share its disks.
      return [{ kind: 'end', id, now: true }];
    case 'died':
      return [{ kind: 'report', id }];
    case 'on':
    case 'reported':
      return [];
  }
};

const hasProcesses = (power: Power | undefined): boolean =>
  power !== undefined && power !== 'off' && power !== 'retired';

/**
 * Launching: a wait for what machines do says so when AWS cannot launch the machines.
 *
 * Owns: when AWS is asked while a cluster's own API tells nothing: seldom, and never in the time that a create usually
 * takes. Neighbours: `aws/launches.ts` reads what AWS says; `control-plane.ts` and `nodes.ts` look.
 * Invariant: I9.
 */
import type { ResourceKind } from '../../kinds/resource.ts';
import type { LaunchTroubles } from '../aws/launches.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { blockedError, capacityError } from '../verdicts.ts';

const FIRST_MS = 10_000;
const LONGEST_MS = 60_000;

/** What AWS says when it has no machine to give, as opposed to what a person forbade or must raise. */
const NO_CAPACITY = /Insufficient\w*Capacity|sufficient [\w.]* ?capacity/i;

/** The same driver, whose look fails with what keeps machines from being launched. */
export const noticingLaunches = <K extends ResourceKind>(
  driver: ResourceDriver<K>,
  groupsOf: (wanted: Wanted<K>) => readonly string[],
  troubles: LaunchTroubles,
): ResourceDriver<K> => {
  /** How long each wait had waited when AWS was asked last. */
  const asked = new Map<string, number>();
  const isDue = (id: string, waited: number): boolean => {
    const before = asked.get(id) ?? 0;
    return waited >= FIRST_MS && waited >= before + Math.min(Math.max(before, FIRST_MS), LONGEST_MS);
  };

  const check: ResourceDriver<K>['check'] = async (wanted) => {
    const looked = await driver.check?.(wanted);
    if (looked === undefined) throw new Error(`${driver.kind} has no look to add to.`);
    const id = `${wanted.owner.uid} ${wanted.key}`;
    const waited = Date.now() - wanted.since;
    if (looked.ready) asked.delete(id);
    if (looked.ready || !isDue(id, waited)) return looked;
    const found = await troubles(groupsOf(wanted), wanted.signal);
    // Asked again by the next look while there is trouble: that it is over is noticed at once.
    if (found.length === 0) asked.set(id, waited);
    const [first] = found;
    if (first === undefined) return looked;
    const list = found.map(({ group, message }) => `auto scaling group ${group} cannot launch a machine: ${message}`);
    throw (NO_CAPACITY.test(first.message) ? capacityError : blockedError)(list.join('; '));
  };
  return { ...driver, check };
};

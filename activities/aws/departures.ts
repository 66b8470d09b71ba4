/**
 * Departures: a cluster's auto scaling groups and their machines, as all removals that wait for one see them at once.
 *
 * Owns: that look, and for how long it is believed: groups go slowly, six of them at the same time, and each would
 * ask for itself. Neighbours: `shared-looks.ts` shares it, `auto-scaling-group.ts` removes them and says what is left of one.
 * Invariants: I4 (groups by the cluster's tag, machines by their group's name, which begins with the cluster's id), I7 (a look
 * counts only for steps that had begun before it: what those remove was there by then, and nobody makes it again).
 */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { Instance } from '@aws-sdk/client-ec2';
import { CLUSTER_TAG, GROUP_TAG } from '../../api/names.ts';
import type { Wanted } from '../driver.ts';
import { listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';
import { livingInstances } from './machines.ts';
import { sharedLooks } from './shared-looks.ts';
import { filter, filterLike } from './tags.ts';

export type Departing = { readonly groups: readonly AutoScalingGroup[]; readonly instances: readonly Instance[] };

/** What is still there of the groups of a removal's cluster. */
export type Departures = (
  wanted: Pick<Wanted<'auto-scaling-group'>, 'owner' | 'since' | 'signal'>,
) => Promise<Departing>;

/** Less than the time after which a removal looks again: whoever asks again is answered anew. */
const BELIEVED_MS = 900;

export type ListDeparting = (clusterId: string, signal: AbortSignal) => Promise<Departing>;

export const departingIn =
  ({ autoScaling, ec2 }: Pick<AwsClients, 'autoScaling' | 'ec2'>): ListDeparting =>
  async (clusterId, signal) => {
    const Filters = [filter(`tag:${CLUSTER_TAG}`, clusterId)];
    const [groups, instances] = await Promise.all([
      listGroups(autoScaling, { Filters }, signal),
      livingInstances(ec2, filterLike(`tag:${GROUP_TAG}`, `${clusterId}-*`), signal),
    ]);
    return { groups, instances };
  };

export const createDepartures = (list: ListDeparting, now: () => number = Date.now): Departures =>
  sharedLooks(list, BELIEVED_MS, now);

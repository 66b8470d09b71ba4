/**
 * Release it runs: by which release an established control plane was made, where its status no longer says so.
 *
 * Owns: finding it by what the replicas' machines and groups were made from, so that no machine is replaced because a status was lost and
 * written again with what is newest today. Neighbours: `revision.ts` takes what status has pinned, `recalled.ts` pins the answer;
 * `decide-turns.ts` does the same for a pool. Pure. Invariant: I6.
 */

import type { AWSCluster } from '../api/cluster.ts';
import { compareMinors, type Minor } from '../api/minor.ts';
import { RELEASES, type Release } from '../api/releases.ts';
import type { Found } from '../kinds/resource.ts';
import { clusterTopology } from '../topology/cluster.ts';
import { replicaMachine, templateKey } from '../words/keys.ts';
import { originsOf } from './replica-origins.ts';
import { asMade, releaseToPlan } from './revision.ts';
import { minorOfRelease, replicaStates } from './upgrade-state.ts';

const isOf = (release: Release, cluster: AWSCluster, inventory: readonly Found[]): boolean =>
  originsOf(clusterTopology(cluster, release), inventory).some(
    // Two versions may stand for the same programs, and differ by their templates' names only.
    ({ template, isOutdated, launchesWanted }) =>
      inventory.some(({ key }) => key === template) && (!isOutdated || launchesWanted),
  );

/** What the disks are told to serve as, where that is another minor than what they are committed to. */
const servedMinor = (found: readonly Found[]): Minor | undefined =>
  replicaStates(found)
    .flatMap(({ emulates, committed }) =>
      emulates !== undefined && (committed === undefined || compareMinors(committed, emulates) <= 0) ? [emulates] : [],
    )
    .toSorted(compareMinors)[0];

/** `live`: its etcd has had quorum, and machines run. */
type Seen = { readonly found: readonly Found[]; readonly live: boolean };

/**
 * What status has pinned; where it lost that, the newest release that machines were made by; else, and before it is established, what the
 * version that is asked for stands for today.
 */
export const releaseItRuns = (
  cluster: AWSCluster,
  { found, live }: Seen,
  catalogue: readonly Release[] = RELEASES,
): Release | undefined => {
  const asked = cluster.spec.controlPlane.version;
  const pinned = cluster.status?.revision;
  const planned = releaseToPlan(asked, pinned, live, catalogue);
  if (pinned !== undefined || !live) return planned;
  const newestFirst = catalogue.toSorted((a, b) => b.revision - a.revision);
  const served = servedMinor(found);
  const had = newestFirst.filter((release) => isOf(asMade(release, found, catalogue), cluster, found));
  const [newest] = had;
  if (served === undefined || newest === undefined || minorOfRelease(newest) === served) return newest ?? planned;
  // While newer programs serve as the minor before, that one is what an abort returns to: its templates stay until then.
  const left = newestFirst.filter(({ version }) =>
    found.some(({ key }) => key === templateKey(replicaMachine(0), version)),
  );
  return [...had, ...left].find((release) => minorOfRelease(release) === served) ?? newest;
};

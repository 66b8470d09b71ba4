/**
 * Soak: between the last machine of a newer minor and the commit, where an upgrade may still be taken back.
 *
 * Owns: until when it lasts, that a commit waits for the update policy as turns do, for replicas that do not serve, and what a person's
 * word means: `resume` commits now, `abort` goes back. Nothing runs meanwhile, so that a replica is repaired as at any other time.
 * Neighbours: `decide-upgrade.ts` says that it soaks, `upgrade-plan.ts` plans the commit, `replica-turns.ts` has the turns before. Pure.
 * Invariants: I5 (a commit begins while all replicas serve), I9 (for what it waits is told, with until when).
 */
import type { AWSCluster } from '../api/cluster.ts';
import type { Found, Resource } from '../kinds/resource.ts';
import { fingerprintOf } from '../machine/envelope.ts';
import { operationsCommand } from '../words/commands.ts';
import { timeOf } from '../words/time.ts';
import type { UpgradeDecision } from './decide-upgrade.ts';
import type { ClusterFacts } from './facts.ts';
import { isReleased } from './held-back.ts';
import type { Plan } from './plan.ts';
import type { ReplicaTurns } from './replica-turns.ts';
import { nameOfReplica, replicasOf, serves } from './replicas.ts';
import { openingOf, updatePolicyOfCluster } from './update-windows.ts';
import { planCommit } from './upgrade-plan.ts';
import { minorOfRelease } from './upgrade-state.ts';

type Soaking = Extract<UpgradeDecision, { kind: 'soak' | 'commit' }>;

type Asked = {
  readonly facts: Pick<ClusterFacts, 'now' | 'released' | 'repair'>;
  readonly cluster: AWSCluster;
  readonly topology: readonly Resource[];
  readonly inventory: readonly Found[];
};

export type CommitDecision = { readonly kind: 'commit'; readonly plan: Plan } | Extract<ReplicaTurns, { kind: 'wait' }>;

/** What a word stands for: this upgrade's commit, and never a turn of it. */
const targetOf = ({ from, to }: Soaking): string => fingerprintOf(['commit', from.version, to.version]);

type Held = Omit<Extract<CommitDecision, { kind: 'wait' }>, 'kind' | 'type' | 'left' | 'rewritable' | 'isOpen'>;

const waiting = (held: Held): CommitDecision => ({
  kind: 'wait',
  type: 'UpgradeCluster',
  isOpen: true,
  left: 0,
  rewritable: new Set(),
  ...held,
});

/** No sweep looks at what is under way: as soon as one would, it looks for itself whether a replica fails. */
const secondsTo = (at: number, { facts: { now, repair } }: Asked): number =>
  Math.min(Math.max(1, Math.ceil((at - now) / 1_000)), Math.max(1, repair.afterSeconds));

/** It serves as before, and may go back. */
const soaking = (upgrade: Soaking, asked: Asked): Held | undefined => {
  const { cluster, facts } = asked;
  const { from, to } = upgrade;
  const { namespace, name } = cluster.metadata;
  const command = (verb: 'resume' | 'abort') => operationsCommand(verb, { kind: 'AWSCluster', namespace, name });
  const serving = `${to.version} serves as Kubernetes ${minorOfRelease(from)}`;
  const ways = `to commit it now: ${command('resume')}; to go back to ${from.version}: ${command('abort')}`;
  const target = targetOf(upgrade);
  if (upgrade.kind === 'soak') {
    return {
      why: `${serving} until ${upgrade.until}, and is committed then; ${ways}`,
      heldBack: { type: 'UpgradeCluster', until: 'Soak', target },
      lookAgainSeconds: secondsTo(Date.parse(upgrade.until), asked),
    };
  }
  const opening = openingOf(updatePolicyOfCluster(cluster), facts.now);
  if (opening.kind === 'open') return undefined;
  const { opensAt } = opening;
  const until =
    opensAt === undefined ? 'somebody lets it' : `the next window of the update policy begins at ${timeOf(opensAt)}`;
  return {
    why: `${serving}, and is committed once ${until}; ${ways}`,
    heldBack: { type: 'UpgradeCluster', until: opensAt === undefined ? 'Manual' : 'Window', target },
    lookAgainSeconds: secondsTo(opensAt ?? Number.POSITIVE_INFINITY, asked),
  };
};

/** What has begun is ended, whatever the policy says. */
export const decideCommit = (upgrade: Soaking, asked: Asked): CommitDecision => {
  const { cluster, facts, inventory, topology } = asked;
  const hasBegun = upgrade.kind === 'commit' && upgrade.hasBegun;
  const mayBegin = hasBegun || isReleased({ object: cluster, ...facts }, targetOf(upgrade));
  const held = mayBegin ? undefined : soaking(upgrade, asked);
  if (held !== undefined) return waiting(held);
  const replicas = replicasOf(inventory);
  const down = replicas.filter((replica) => !serves(replica));
  if (!hasBegun && down.length > 0) {
    return waiting({
      why: `${down.map(nameOfReplica).join(' and ')} must serve before ${upgrade.to.version} is committed`,
    });
  }
  return {
    kind: 'commit',
    plan: planCommit({ upgrade: { ...upgrade, kind: 'commit', hasBegun }, topology, inventory, replicas }),
  };
};

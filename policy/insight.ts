/**
 * Insight: one thing in a living cluster that stands in the way of an upgrade, or that the upgrade would endanger.
 *
 * Owns: the shape, plain JSON (I10) with no room for a secret (I8), and what is said where something could not be read. Neighbours:
 * `insights.ts` puts all of them together. Pure. Invariant: I12 (what was not read is an insight of its own, never silence).
 */
import { shortened } from '../words/text.ts';

/** What was looked at; programs may tell insights apart by it. */
export type InsightName =
  | 'Certificates'
  | 'ClusterApi'
  | 'ControlPlane'
  | 'DeprecatedApis'
  | 'DisruptionBudgets'
  | 'EtcdSpace'
  | 'KubeletSkew'
  | 'Snapshots'
  | 'Webhooks';

/** `blocks`: the upgrade would fail, or break what runs. `warns`: it may, or what follows it does. */
export type Severity = 'blocks' | 'warns';

export type Insight = {
  readonly name: InsightName;
  readonly severity: Severity;
  /** What it is about, as a person would look for it: `PodDisruptionBudget default/web`. */
  readonly object: string;
  /** What is wrong with it, as a sentence without a full stop that follows the object. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly cure: string;
  /** It could not be read, so that nobody knows whether anything is wrong with it. */
  readonly unread?: true;
};

/** What was read, or why it was not. */
export type Read<T> = T | { readonly unread: string };

export const isUnread = <T extends object>(read: Read<T>): read is { readonly unread: string } => 'unread' in read;

/** It may be as bad as what is looked for there at its worst. */
export const unreadInsight = (
  name: InsightName,
  severity: Severity,
  object: string,
  { unread }: { readonly unread: string },
): Insight => ({
  name,
  severity,
  object,
  message: `could not be read: ${unread}`,
  cure: 'see to it that the cluster answers, and ask again',
  unread: true,
});

const SHOWN = 5;
const LONGEST = 300;

/** The first few, and how many more. */
export const listed = (all: readonly string[]): string =>
  shortened(
    all.length <= SHOWN ? all.join(', ') : `${all.slice(0, SHOWN).join(', ')} and ${all.length - SHOWN} more`,
    LONGEST,
  );

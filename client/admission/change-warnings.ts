/**
 * Change warnings: what a change of a provisioned object would do, said to whoever applies it.
 *
 * Owns: which changes are worth a warning. Who asks beforehand (`--dry-run=server`) hears of every field; who applies hears of what
 * costs machines and of what does nothing now. Pure, and from the two objects alone: no look at AWS, and no other object. Neighbours:
 * `../changes.ts` has the words, `../../api/changes.ts` the table; `judge.ts` asks.
 */
import { changesBetween, type FieldChange, valueAt } from '../../api/changes.ts';
import type { ObjectKind } from '../../api/object.ts';
import type { Release } from '../../api/releases.ts';
import { changeWords, countsBetween, isProvisioned } from '../changes.ts';

/** An object as it is stored or sent: its status may be of any release. */
export type Changing = { readonly spec: unknown; readonly status?: unknown };

/** What was said already: a field is not told of twice. */
type Said = {
  readonly dryRun: boolean;
  readonly warnings: readonly string[];
  readonly catalogue?: readonly Release[];
};

/** What goes without saying where nobody asked, and what the rules say in words of their own. */
const isQuiet = ({ takes, field }: FieldChange, { dryRun, warnings }: Said): boolean => {
  if (takes === 'nothing now') return warnings.some((warning) => warning.startsWith(`spec.${field}`));
  return takes === 'fixed' || (takes === 'in place' && !dryRun);
};

/**
 * A warning for each field that changes. `dryRun`: nothing is stored, somebody only asks; `warnings`: what the rules said of the same
 * change. Machines are counted by the status of what is stored.
 */
export const changeWarnings = (
  kind: ObjectKind,
  before: Changing | undefined,
  after: Changing,
  said: Said,
): readonly string[] => {
  if (before === undefined || !isProvisioned(before)) return [];
  const { status } = before;
  const nodes = valueAt(status, 'desiredNodes');
  const asked = { spec: after.spec, status, ...(said.catalogue === undefined ? {} : { catalogue: said.catalogue }) };
  const counts = typeof nodes === 'number' ? countsBetween(before.spec, after.spec, nodes) : {};
  return changesBetween(kind, before.spec, after.spec, typeof nodes === 'number' ? nodes : Number.POSITIVE_INFINITY)
    .filter((change) => !isQuiet(change, said))
    .map((change) => `spec.${change.field}: ${changeWords(change, asked, counts)}`);
};

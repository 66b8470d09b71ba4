/**
 * Restore preview: what a restore would take away, as far as what is there can say.
 *
 * Owns: which objects were created since a moment and which were changed since, counted by resource, with a few names. Neighbours:
 * `activities/kubernetes/changed-since.ts` reads them; `restorable.ts` judges the snapshot. Pure.
 * Invariants: I8 (names and counts, nothing of what an object holds), I12 (what was not read is said beside what was).
 */

/** When an object came, and when it was written: RFC 3339, to the second. */
export type WrittenObject = {
  readonly namespace?: string;
  readonly name: string;
  readonly created?: string;
  /** Of what is no status: of status controllers write all the time, and write it again. */
  readonly written: readonly string[];
};

type Counted = { readonly count: number /** The first few. */; readonly names: readonly string[] };

export type ResourceSince = { readonly resource: string; readonly created: Counted; readonly changed: Counted };

/** `notRead`: resources that could not be read, each with why. */
export type ReadSince = {
  readonly resources: readonly ResourceSince[];
  readonly notRead: readonly { readonly resource: string; readonly why: string }[];
};

const FEW = 3;
const NONE: Counted = { count: 0, names: [] };

const counting = ({ count, names }: Counted, name: string): Counted => ({
  count: count + 1,
  names: names.length < FEW ? [...names, name] : names,
});

/** An API server writes whole seconds: what came in the second of the snapshot may be in it or not, and is counted. */
const isSince = (time: string | undefined, since: number): boolean =>
  time !== undefined && Date.parse(time) >= Math.floor(since / 1_000) * 1_000;

export const nothingSince = (resource: string): ResourceSince => ({ resource, created: NONE, changed: NONE });

/** One page of a resource more; `since` in epoch milliseconds. */
export const countedSince = (so: ResourceSince, objects: readonly WrittenObject[], since: number): ResourceSince =>
  objects.reduce((counted, { namespace, name, created, written }) => {
    const full = namespace === undefined ? name : `${namespace}/${name}`;
    if (isSince(created, since)) return { ...counted, created: counting(counted.created, full) };
    return written.some((time) => isSince(time, since))
      ? { ...counted, changed: counting(counted.changed, full) }
      : counted;
  }, so);

/** Written all the time by whoever runs, and of no worth after a restore; `componentstatuses` are stored nowhere. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...['events', 'events.events.k8s.io', 'leases.coordination.k8s.io', 'componentstatuses'],
]);

export const isOfWorth = (resource: string): boolean => !LEFT_OUT.has(resource);

/** Resources of which nothing is lost are left out; by name. */
export const lostOf = (resources: readonly ResourceSince[]): readonly ResourceSince[] =>
  resources
    .filter(({ created, changed }) => created.count + changed.count > 0)
    .toSorted((a, b) => (a.resource < b.resource ? -1 : 1));

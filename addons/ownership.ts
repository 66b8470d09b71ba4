/**
 * Ownership: which fields of an object are still as our server-side apply left them, as the API server itself keeps it.
 *
 * Owns: reading `managedFields` beside a manifest. A field that we applied, and that somebody else has set since, is no longer
 * ours; what the API server fills in, and what others added, never was. So an edit shows without a copy of what was applied, and
 * without anything being compared that has a default. Neighbours: `differences.ts` words what is found. Pure.
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { FIELD_MANAGER } from '../api/names.ts';
import { present } from '../words/present.ts';

type Fields = Readonly<Record<string, unknown>>;
type Entry = NonNullable<KubernetesObject['metadata']['managedFields']>[number];

/** A field of a manifest that is another one in the cluster: its path, and how the API server calls the way to it. */
export type Edited = { readonly path: string; readonly keys: readonly string[] };

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOurs = ({ manager, operation, subresource }: Entry): boolean =>
  manager === FIELD_MANAGER && operation === 'Apply' && subresource === undefined;

const entriesOf = ({ metadata }: KubernetesObject): readonly Entry[] => metadata.managedFields ?? [];

const ownedIn = (live: KubernetesObject): Fields | undefined => entriesOf(live).find(isOurs)?.fieldsV1;

/** Whether an object came from our own apply: a copy that somebody made carries our labels, too. */
export const isApplied = (live: KubernetesObject): boolean =>
  // What has no such record, as a double of an API server has none, is known by its labels alone.
  live.metadata.managedFields === undefined || ownedIn(live) !== undefined;

const itemsOf = (fields: Fields): readonly (readonly [string, Fields])[] =>
  Object.entries(fields).flatMap(([key, below]) =>
    key.startsWith('k:') && isFields(below) ? [[key, below] as const] : [],
  );

/** The item of a list that this key is of: `k:{"name":"coredns"}`; what an item leaves out has a default. */
const isItem = (key: string, item: unknown): boolean =>
  isFields(item) &&
  Object.entries(JSON.parse(key.slice(2)) as Fields).every(
    ([field, value]) => item[field] === undefined || item[field] === value,
  );

/** Whether all that is wanted is there, whatever is there beside it. */
const covers = (wanted: unknown, live: unknown): boolean => {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) && live.length === wanted.length && wanted.every((item, index) => covers(item, live[index]))
    );
  }
  if (isFields(wanted))
    return isFields(live) && Object.entries(wanted).every(([field, value]) => covers(value, live[field]));
  return wanted === live;
};

/** A value of a manifest, what stands in its place, and what of it is ours: undefined where nothing is. */
type Place = Edited & { readonly wanted: unknown; readonly live: unknown; readonly owned: unknown };

const editedList = (place: Place, wanted: readonly unknown[], owned: Fields): readonly Edited[] => {
  const { live, path, keys } = place;
  const all = Array.isArray(live) ? (live as readonly unknown[]) : [];
  const items = itemsOf(owned);
  return wanted.flatMap((item, index) => {
    const [key, below] = items.find(([one]) => isItem(one, item)) ?? [];
    const at = `${path}[${index}]`;
    if (key === undefined)
      return owned[`v:${JSON.stringify(item)}`] !== undefined || all.some((one) => covers(item, one))
        ? []
        : [{ path: at, keys }];
    const its = all.find((one) => isItem(key, one));
    return edited({ wanted: item, live: its, owned: below, path: at, keys: [...keys, key] });
  });
};

const edited = (place: Place): readonly Edited[] => {
  const { wanted, live, owned, path, keys } = place;
  // What has nothing below it is ours as a whole.
  if (isFields(owned) && Object.keys(owned).length === 0) return [];
  if (Array.isArray(wanted) && isFields(owned)) return editedList(place, wanted as readonly unknown[], owned);
  if (isFields(wanted) && Object.keys(wanted).length > 0) {
    return Object.entries(wanted).flatMap(([field, value]) =>
      edited({
        wanted: value,
        live: isFields(live) ? live[field] : undefined,
        owned: isFields(owned) ? owned[`f:${field}`] : undefined,
        path: path === '' ? field : `${path}.${field}`,
        keys: [...keys, `f:${field}`],
      }),
    );
  }
  return owned !== undefined || covers(wanted, live) ? [] : [{ path, keys }];
};

/** What of a manifest can be another one: not by what the object is found. */
const comparable = ({ apiVersion: _apiVersion, kind: _kind, metadata, ...content }: KubernetesObject): Fields => {
  const { labels, annotations } = metadata;
  return { metadata: present({ labels, annotations }), ...content };
};

/** The fields of a manifest that somebody else has set to another value, or taken away. */
export const editedFields = (wanted: KubernetesObject, live: KubernetesObject): readonly Edited[] =>
  edited({ wanted: comparable(wanted), live, owned: ownedIn(live), path: '', keys: [] });

const holds = (fields: Fields, [first, ...rest]: readonly string[]): boolean => {
  if (first === undefined) return true;
  const below = fields[first];
  return isFields(below) && (Object.keys(below).length === 0 || holds(below, rest));
};

/** Who holds a field by now, by the names that they gave the API server; nobody where it was taken away. */
export const holdersOf = (live: KubernetesObject, { keys }: Edited): readonly string[] => {
  const names = entriesOf(live).flatMap((entry) =>
    !isOurs(entry) && holds(entry.fieldsV1 ?? {}, keys) ? [entry.manager ?? 'somebody'] : [],
  );
  return [...new Set(names)].sort();
};

/** Whether the number of Pods was set through `scale`, as `kubectl scale` and autoscalers do: then it is theirs to say. */
export const isScaled = (live: KubernetesObject | undefined): boolean =>
  live !== undefined &&
  entriesOf(live).some(
    ({ subresource, fieldsV1 = {} }) => subresource === 'scale' && holds(fieldsV1, ['f:spec', 'f:replicas']),
  );

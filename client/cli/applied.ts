/**
 * Applied: what `kubectl apply` would make of a stored object and a file.
 *
 * Owns: the three-way merge that kubectl does for custom resources: fields of the file are set, fields that the file had when it was
 * applied last and has no more are removed, and all others stay, such as `nodeCount`, which `kubectl scale` sets. Lists are one value.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes
 * Pure. Neighbours: `plan-file.ts` says what comes of it.
 */
import { parsedJson } from '../../words/json.ts';

type Json = Readonly<Record<string, unknown>>;

/** Where kubectl keeps what was applied last; absent with server-side apply, where nothing can be said to be left out. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The `spec` that was applied last. */
export const lastApplied = (annotations: Readonly<Record<string, string>> = {}): unknown => {
  const text = annotations[LAST_APPLIED];
  const object = text === undefined ? undefined : parsedJson(text);
  return isMap(object) ? object['spec'] : undefined;
};

/** The JSON merge patch that kubectl would send: https://www.rfc-editor.org/rfc/rfc7386. */
export const patchFor = (file: Json, last: unknown): Json => {
  const gone = isMap(last) ? Object.keys(last).filter((key) => !Object.hasOwn(file, key)) : [];
  const kept = Object.entries(file).map(([key, value]) => {
    const before = isMap(last) ? last[key] : undefined;
    return [key, isMap(value) ? patchFor(value, before) : value] as const;
  });
  return Object.fromEntries([...kept, ...gone.map((key) => [key, null] as const)]);
};

/** What a merge patch makes of a value. */
export const patched = (value: unknown, patch: unknown): unknown => {
  if (!isMap(patch)) return patch;
  const before = isMap(value) ? value : {};
  const gone = Object.entries(patch).flatMap(([key, to]) => (to === null ? [key] : []));
  const changed = Object.entries(patch)
    .filter(([, to]) => to !== null)
    .map(([key, to]) => [key, patched(before[key], to)] as const);
  const others = Object.entries(before).filter(([key]) => !gone.includes(key));
  return Object.fromEntries([...others, ...changed]);
};

/** Paths of what a schema dropped because it does not know it: `controlPlane.verison`. */
export const unknownFields = (given: unknown, read: unknown, path = ''): readonly string[] => {
  if (Array.isArray(given)) {
    return given.flatMap((item, index) =>
      Array.isArray(read) ? unknownFields(item, read[index], `${path}[${index}]`) : [],
    );
  }
  if (!isMap(given) || !isMap(read)) return [];
  return Object.entries(given).flatMap(([key, value]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return Object.hasOwn(read, key) ? unknownFields(value, read[key], here) : [here];
  });
};

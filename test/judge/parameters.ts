/**
 * Parameters: what a request says, as plain values, and ways to look into them that never fail.
 *
 * Owns: these ways. A value of another type than was expected counts as absent here: that it is wrong, `shapes.ts` says.
 */

/** A scalar that is none: `Size=ten`. */
export type Malformed = { readonly malformed: string; readonly text: string };

export type Parameters = { readonly [name: string]: unknown };

export const isStructure = (value: unknown): value is Parameters =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isMalformed = (value: unknown): value is Malformed =>
  isStructure(value) && typeof value['malformed'] === 'string' && typeof value['text'] === 'string';

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

export const textIn = (from: Parameters, name: string): string | undefined => {
  const value = from[name];
  return typeof value === 'string' ? value : undefined;
};

export const numberIn = (from: Parameters, name: string): number | undefined => {
  const value = from[name];
  return typeof value === 'number' ? value : undefined;
};

export const textsIn = (from: Parameters, name: string): readonly string[] => texts(from[name]);

export const structureIn = (from: Parameters, name: string): Parameters => {
  const value = from[name];
  return isStructure(value) ? value : {};
};

export const structuresIn = (from: Parameters, name: string): readonly Parameters[] => {
  const value = from[name];
  return Array.isArray(value) ? value.filter(isStructure) : [];
};

export const has = (from: Parameters, name: string): boolean => from[name] !== undefined;

export type Member = { readonly where: string; readonly name: string; readonly value: unknown };

/** Every member of every structure, with its place: `TagSpecifications[].Tags`. */
export const membersOf = (value: unknown, where = ''): readonly Member[] => {
  if (Array.isArray(value)) return value.flatMap((one) => membersOf(one, `${where}[]`));
  if (!isStructure(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = where === '' ? name : `${where}.${name}`;
    return [{ where: place, name, value: inner }, ...membersOf(inner, place)];
  });
};

/** Texts at a member, which may be one or a list of them. */
export const textsOf = ({ value }: Member): readonly string[] => (typeof value === 'string' ? [value] : texts(value));

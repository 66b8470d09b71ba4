/**
 * Present: plain data without what there is nothing to say of.
 *
 * Owns: that one step. A field that is undefined and one that is absent are two things to who compares or writes JSON. Pure.
 */
type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The same fields, but those that are undefined. */
export const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;

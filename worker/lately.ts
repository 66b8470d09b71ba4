/** What was listed lately: several gauges that are read at one moment show one listing. */

/** Undefined where it can't be listed: the other figures are worth having all the same, and who lists logs why. */
export const lately = <T>(list: () => Promise<T>, goodForMs: number): (() => Promise<T | undefined>) => {
  let last: { readonly at: number; readonly listing: Promise<T | undefined> } | undefined;
  return () => {
    if (last === undefined || Date.now() - last.at > goodForMs) {
      last = { at: Date.now(), listing: list().catch(() => undefined) };
    }
    return last.listing;
  };
};

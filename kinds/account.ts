/** A wait: a complete inventory is empty, made no sooner than so many seconds after the step began. */
import type { Row } from './row.ts';

export type AccountProperties = { readonly settleSeconds: number };

export const account: Row<AccountProperties> = {
  planned: 'never',
  neverSkipped: "what may still be there would be nobody's",
};

/** A wait: two complete inventories are empty, the second after the settling time. */
import type { Row } from './row.ts';

export type AccountProperties = { readonly settleSeconds: number };

export const account: Row<AccountProperties> = {
  planned: 'never',
  neverSkipped: "what may still be there would be nobody's",
};

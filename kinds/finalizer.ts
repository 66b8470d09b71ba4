/** The finalizer on the object itself: nothing is created in AWS before it, and it is the last that goes (I3). */
import type { Nothing, Row } from './row.ts';

export const finalizer: Row<Nothing, Nothing> = {
  planned: 'when it differs',
  accompanies: true,
  neverSkipped: 'without the finalizer nothing would be cleaned up',
};

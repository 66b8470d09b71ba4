/** No effect: a name for "all of these are done", for events and for pools that wait for their cluster. */
import type { Row } from './row.ts';

export type MilestoneProperties = {
  /** Told once in an object's life. Nothing is ready by it, so nobody who waits is told of it. */
  readonly beginning?: true;
  /** Told once in an object's life, when all is there for the first time. */
  readonly end?: true;
};

export const milestone: Row<MilestoneProperties> = { planned: 'as a milestone', accompanies: true };

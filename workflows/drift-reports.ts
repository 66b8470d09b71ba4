/**
 * Drift reports: what sweeps say of an object while it is settled.
 *
 * Owns: which reports count: those that began to look after the object was settled. Neighbours: `entity-phases.ts` has
 * them written to the status; `drift-sweep.ts` sends them. Invariants: I6 (a report never makes a plan: nothing else reads it), I10.
 */
import { setHandler } from '@temporalio/workflow';
import type { DriftReport, MirrorRequest } from '../activities/contract.ts';
import { present } from '../words/present.ts';
import { driftFound } from './messages.ts';

export type SettledSubject = Extract<MirrorRequest['subject'], { kind: 'settled' }>;

export type DriftReports = {
  readonly isPending: () => boolean;
  /** The newest report as what is to be written, once. */
  readonly take: () => SettledSubject | undefined;
};

/** `settledSince` says since when the object is settled, while it is. */
export const followDrift = (settledSince: () => number | undefined): DriftReports => {
  let pending: DriftReport | undefined;
  setHandler(
    driftFound,
    (report) => {
      const since = settledSince();
      // An operation, or a newer look, knows better.
      if (since !== undefined && report.lookedAt >= since) pending = report;
    },
    { description: 'A sweep tells what differs from the spec in AWS: shown in the status, and nothing else' },
  );
  return {
    isPending: () => pending !== undefined,
    take: () => {
      if (pending === undefined) return undefined;
      const { note, differences, nodes, inside } = pending;
      pending = undefined;
      return {
        kind: 'settled',
        ...present({ note, drift: differences.length === 0 ? undefined : differences, nodes, inside }),
      };
    },
  };
};

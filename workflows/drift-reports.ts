/**
 * Drift reports: what sweeps say of an object while it is settled.
 *
 * Owns: which reports count: those that began to look after the object was settled. Neighbours: `entity.ts` writes them to
 * the status; `drift-sweep.ts` sends them. Invariants: I6 (a report never makes a plan: nothing else reads it), I10.
 */
import { setHandler } from '@temporalio/workflow';
import type { DriftReport, MirrorRequest } from '../activities/contract.ts';
import { driftFound } from './messages.ts';

export type SettledSubject = Extract<MirrorRequest['subject'], { kind: 'settled' }>;

export type DriftReports = {
  /** The object is settled as of now, or no longer is. */
  readonly begin: () => void;
  readonly end: () => void;
  readonly isPending: () => boolean;
  /** The newest report as what is to be written, once. */
  readonly take: () => SettledSubject | undefined;
};

export const followDrift = (): DriftReports => {
  let settledAt: number | undefined;
  let pending: DriftReport | undefined;
  setHandler(
    driftFound,
    (report) => {
      // An operation, or a newer look, knows better.
      if (settledAt !== undefined && report.lookedAt >= settledAt) pending = report;
    },
    { description: 'A sweep tells what differs from the spec in AWS: shown in the status, and nothing else' },
  );
  return {
    begin: () => void (settledAt = Date.now()),
    end: () => {
      settledAt = undefined;
      pending = undefined;
    },
    isPending: () => pending !== undefined,
    take: () => {
      if (pending === undefined) return undefined;
      const { note, differences, nodes } = pending;
      pending = undefined;
      return {
        kind: 'settled',
        ...(note === undefined ? {} : { note }),
        ...(differences.length === 0 ? {} : { drift: differences }),
        ...(nodes === undefined ? {} : { nodes }),
      };
    },
  };
};

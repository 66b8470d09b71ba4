/**
 * Drift reports: what sweeps say of an object while it is settled.
 *
 * Owns: which reports count: those that began to look after the object was settled. Neighbours: `entity-phases.ts` has
 * them written to the status; `drift-sweep.ts` sends them. Invariants: I6 (a report never makes a plan: one that
 * says that drift is to be mended has the object looked at), I10.
 */
import { setHandler } from '@temporalio/workflow';
import type { DriftReport, MirrorRequest } from '../activities/contract.ts';
import { present } from '../words/present.ts';
import { driftFound } from './messages.ts';

export type SettledSubject = Extract<MirrorRequest['subject'], { kind: 'settled' }>;

export type DriftReports = {
  readonly isPending: () => boolean;
  /** The newest report as what is to be written, once; `mends` where the object is to be looked at instead. */
  readonly take: () => { readonly report: SettledSubject; readonly mends?: true } | undefined;
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
    {
      description:
        'A sweep tells what differs from the spec in AWS: shown in the status, or mended where the spec has that mended',
    },
  );
  return {
    isPending: () => pending !== undefined,
    take: () => {
      if (pending === undefined) return undefined;
      const { note, differences, mends, mending, nodes, inside, upgrade, backup, certificates } = pending;
      pending = undefined;
      const drift = differences.length === 0 ? undefined : differences;
      return {
        report: { kind: 'settled', ...present({ note, drift, mending, nodes, inside, upgrade, backup, certificates }) },
        ...present({ mends }),
      };
    },
  };
};

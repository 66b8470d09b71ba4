/**
 * The drift sweep: a short workflow of a schedule, one for each account and region.
 *
 * Owns: passing on what one sweep found. Neighbours: the activity looks at everything and decides whom to tell;
 * an entity writes drift to its object's status, and assesses again only what it is told to look at. A sweep whose
 * listing fails ends as failed, and tells nobody anything (I12). Invariants: I6, I10 (findings come sorted).
 */
import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { SweepAnswer, SweepFinding } from '../activities/contract.ts';
import { sweep } from './activities.ts';
import { driftFound, specChanged } from './messages.ts';

type Reported = Extract<SweepFinding['finding'], { kind: 'report' }>;

/** What a sweep came to, as Temporal's UI shows it. */
export type SweepSummary = Omit<SweepAnswer, 'findings' | 'lookedAt'> & {
  readonly reported: readonly string[];
};

const saying = ({ differences, note, mends, nodes, inside }: Reported): string => {
  const differing = differences.map(({ key, difference }) => `${key} ${difference}`).join('; ');
  const told = differing === '' ? 'no drift' : differing;
  // What takes turns is told as a note.
  const drift = mends === true ? `to be mended: ${differing === '' ? note : differing}` : told;
  if (inside !== undefined && 'unread' in inside) return `${drift}; add-ons not read: ${inside.unread}`;
  if (nodes === undefined) return drift;
  if ('unread' in nodes) return `${drift}; nodes not counted: ${nodes.unread}`;
  return `${drift}; ${nodes.ready} of ${nodes.desired ?? 'unknown'} nodes ready`;
};

const report = async ({ entityId, finding }: SweepFinding, lookedAt: number): Promise<string | undefined> => {
  const entity = getExternalWorkflowHandle(entityId);
  try {
    if (finding.kind === 'look') {
      await entity.signal(specChanged);
      return `${entityId}: ${finding.reason}`;
    }
    const { kind: _kind, ...seen } = finding;
    await entity.signal(driftFound, { lookedAt, ...seen });
    return `${entityId}: ${saying(finding)}`;
  } catch (error) {
    // It has ended, or all of Temporal's data was lost: whoever starts it looks for himself.
    log.info('An entity could not be told what a sweep found', { entityId, error: String(error) });
    return undefined;
  }
};

export const runSweep = async (): Promise<SweepSummary> => {
  const { findings, lookedAt, ...summary } = await sweep();
  const reported = await Promise.all(findings.map((finding) => report(finding, lookedAt)));
  return { ...summary, reported: reported.filter((one) => one !== undefined) };
};

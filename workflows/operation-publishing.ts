/**
 * Publishing: an operation's progress, made known to Temporal and to the object's status.
 *
 * Owns: current details, search attributes, the memo of what is blocked, and the status with its events: one write at a
 * time, of the newest progress, for as long as the operation runs. Neighbours: `operation-progress.ts` has what is
 * published, `policy/status.ts` makes the status of it. Invariants: I9 (news is published within a second).
 */
import { condition, log, setCurrentDetails, sleep, upsertSearchAttributes } from '@temporalio/workflow';
import type { MirrorRequest, OperationInput, OperationView } from '../activities/contract.ts';
import { DEFAULT_PACING, MIRROR_INTERVAL, mirror, retryDelay } from './activities.ts';
import { blockedPublisher } from './blocked.ts';
import { currentDetails } from './details.ts';
import { listedOperation } from './listing.ts';
import { SEARCH_ATTRIBUTES } from './messages.ts';
import type { OperationEvents } from './operation-events.ts';
import type { OperationProgress } from './operation-progress.ts';
import { failureOf } from './outcomes.ts';

export type OperationPublishing = {
  readonly begin: () => void;
  /** What Temporal's listings show is written at once; all else soon, by itself. */
  readonly listings: () => void;
  /** Resolves once the last progress is published. */
  readonly finish: () => Promise<void>;
};

export const operationPublishing = (
  input: OperationInput,
  progress: OperationProgress,
  events: OperationEvents,
): OperationPublishing => {
  const { pacing = DEFAULT_PACING } = input;
  const publishListings = listingsPublisher();
  let written = 0;
  /** How often in a row the status was refused: it is written again ever more slowly, and at once when there is news. */
  let refusals = 0;
  let finishing = false;
  let writing: Promise<void> | undefined;

  const listings = (): void => publishListings(progress.view());

  /** What is refused for good, by CRDs of another release, say, must not end the operation that it only tells about. */
  const write = async (): Promise<void> => {
    const seen = progress.changes();
    const sent = events.unwritten();
    showDetails(progress.view(), input);
    try {
      await mirror({ ...subjectOf(input, progress.view()), events: sent });
      events.written(sent.length);
      written = seen;
      refusals = 0;
      progress.unwritten(undefined);
    } catch (error) {
      refusals += 1;
      progress.unwritten(failureOf(error).message);
      showDetails(progress.view(), input);
      log.error('The status could not be written', { error: String(error) });
    }
  };

  const keepWriting = async (): Promise<void> => {
    while (!finishing) {
      const seen = progress.changes();
      await write();
      await sleep(MIRROR_INTERVAL, { summary: 'coalesce status' });
      const isNews = (): boolean => finishing || progress.changes() > seen;
      if (refusals === 0) await condition(isNews);
      else await condition(isNews, retryDelay(pacing, refusals), { summary: 'tell again' });
    }
  };

  return {
    begin: () => {
      writing = keepWriting();
      upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.operation, value: input.type }]);
      listings();
    },
    listings,
    finish: async () => {
      finishing = true;
      await writing;
      if (progress.changes() > written || events.unwritten().length > 0) await write();
      listings();
    },
  };
};

const showDetails = (view: OperationView, input: OperationInput): void =>
  setCurrentDetails(currentDetails(view, input));

const subjectOf = (
  { object, owner, generation, version, kubernetesVersion }: OperationInput,
  operation: OperationView,
): Omit<MirrorRequest, 'events'> => ({
  ...{ object, owner, generation, version, kubernetesVersion },
  subject: { kind: 'operation', operation },
});

/** What is shown of an operation without asking it: its phase, and what is blocked. */
const listingsPublisher = (): ((view: OperationView) => void) => {
  const blocked = blockedPublisher();
  let phase: string | undefined;
  return (view) => {
    const now = listedOperation(view);
    if (now.phase !== phase) upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.phase, value: now.phase }]);
    phase = now.phase;
    blocked.publish(now.blocked);
  };
};

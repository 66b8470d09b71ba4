/**
 * Second look: entities that are told to look again although nothing has changed, and what they change then (I6).
 *
 * Owns: when an entity rests, and which look counts. Neighbours: `life.ts` and `standing.ts` ask for it once all is done.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, ServiceError, type WorkflowHandle } from '@temporalio/client';
import { ADDONS_UNKNOWN } from '../../policy/inside.ts';
import { NODES_UNKNOWN } from '../../policy/node-counts.ts';
import { type EntityView, getEntityState, specChanged } from '../../workflows/messages.ts';
import type { Cloud } from '../cloud.ts';
import { entityIdOf, type Stored, stored } from '../manifests.ts';
import type { HeardCall } from './calls.ts';
import type { Lane } from './lane.ts';

export type Looking = {
  readonly cloud: Cloud;
  readonly temporal: Client;
  readonly lane: Lane;
  readonly limitMs: number;
};

/** Nothing begins or ends for so long: the last status is written. */
const QUIET_MS = 800;

/** Phases in which an entity is about to do more: on a busy computer its next activity may begin later than `QUIET_MS`. */
const AT_WORK: readonly EntityView['phase'][] = ['assessing', 'operating'];

/** What an entity is at; undefined where nobody answers, as while its worker starts anew. */
export const viewOf = (handle: WorkflowHandle): Promise<EntityView | undefined> =>
  handle.query(getEntityState).catch((error: unknown) => {
    if (error instanceof ServiceError) return undefined;
    throw error;
  });

export const untilQuiet = async (
  { lane, temporal, limitMs }: Looking,
  name: string,
  entities: readonly string[],
): Promise<void> => {
  const deadline = Date.now() + limitMs;
  const rests = async (id: string): Promise<boolean> => {
    const handle = temporal.workflow.getHandle(id);
    const view = await viewOf(handle);
    if (view === undefined || AT_WORK.includes(view.phase)) return false;
    // What it is about to write is not written yet.
    const { pendingActivities, pendingWorkflowTask } = (await handle.describe()).raw;
    return (pendingActivities ?? []).length === 0 && !pendingWorkflowTask;
  };
  while (!(await Promise.all(entities.map(rests))).every(Boolean) || lane.quietFor(name) < QUIET_MS) {
    if (Date.now() > deadline) throw new Error('activities go on and on although everything is provisioned');
    await delay(50);
  }
};

/**
 * A look or a write that failed (on a busy computer, say) is told in the status and taken back by the next: what follows a
 * failure is no look at which nothing has changed. Nor is one that tells of a replica that is late, or takes that back:
 * a create ends with quorum, and the third comes when it comes. Such a look is followed by another; a status that is written
 * where nothing was or is to be complained of is needless, and judged at once.
 */
const LOOKS = 5;

const isStatus = ({ name }: HeardCall): boolean => name.includes(' · mirror status · ');

/** What says that something is wrong, or could not be looked at: the next look may take it back. */
const COMPLAINTS = ['Degraded', ADDONS_UNKNOWN, NODES_UNKNOWN];

const complains = ({ status }: Stored): boolean =>
  (status?.lastErrors ?? []).length > 0 || (status?.conditions ?? []).some(({ type }) => COMPLAINTS.includes(type));

/** Whether the status of any of them says that something is wrong. */
const anyComplains = async (cloud: Cloud, entities: readonly string[]): Promise<boolean> =>
  (await stored(cloud)).some((object) => entities.includes(entityIdOf(object)) && complains(object));

/** Signals these entities that something may have changed, waits until each has looked, and answers what they changed. */
export const lookAgain = async (
  settings: Looking,
  name: string,
  entities: readonly string[],
): Promise<readonly HeardCall[]> => {
  const { cloud, lane, temporal, limitMs } = settings;
  const failures = (): number => entities.reduce((sum, id) => sum + lane.failedOf(id, 'assess'), 0);
  for (let look = 1; ; look += 1) {
    await untilQuiet(settings, name, entities);
    const before = lane.callsOf(name).length;
    const failedBefore = failures();
    const clean = !entities.some((id) => ['assess', 'mirror status'].some((activity) => lane.failedLast(id, activity)));
    const complained = await anyComplains(cloud, entities);
    const looks = entities.map((id) => lane.endedOf(id, 'assess'));
    for (const id of entities) await temporal.workflow.getHandle(id).signal(specChanged);
    const deadline = Date.now() + limitMs;
    while (entities.some((id, index) => lane.endedOf(id, 'assess') <= (looks[index] ?? 0))) {
      if (Date.now() > deadline) throw new Error('an entity did not look again when it was told to');
      await delay(50);
    }
    await untilQuiet(settings, name, entities);
    const changes = lane
      .callsOf(name)
      .slice(before)
      .filter(({ mutating }) => mutating);
    const toldOfLate =
      changes.length > 0 && changes.every(isStatus) && (complained || (await anyComplains(cloud, entities)));
    if ((!clean || failures() > failedBefore || toldOfLate) && look < LOOKS) continue;
    return changes;
  }
};

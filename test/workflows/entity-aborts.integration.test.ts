/** A rollout of a node pool that a person aborts, between two turns and in one, against a real server. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  Activities,
  Assessment,
  AssessRequest,
  MirrorRequest,
  OperationInput,
} from '../../activities/contract.ts';
import { entityWorkflowId } from '../../api/names.ts';
import { getEntityState, verbUpdates } from '../../workflows/messages.ts';
import { startTemporal, type TemporalForTests } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { made, operationOf, planOf, securityGroup, stepOf } from './builders.ts';
import { entitiesOn, newObject } from './entities.ts';

let temporal: TemporalForTests;
beforeAll(async () => {
  temporal = await startTemporal();
});
afterAll(() => temporal.stop());

const { startEntity, entityOf, untilPhase } = entitiesOn(() => temporal);

/** A pool whose next turn waits, and everything that was asked of its activities. */
const waitingPool = (type: 'UpdateNodePool' | 'UpgradeNodePool') => {
  const object = newObject('AWSNodePool');
  const did: string[] = [];
  const looks: AssessRequest[] = [];
  const written: MirrorRequest['subject'][] = [];
  const operation = (step: string, overrides: Partial<OperationInput> = {}): OperationInput =>
    operationOf(planOf(stepOf(securityGroup(step))), {
      ...{ type, object, entityId: entityWorkflowId(object) },
      ...overrides,
    });
  const waits = (): Assessment => ({
    ...{ kind: 'settled', generation: 1, rollout: type, note: 'nobody answers', lookAgainSeconds: 3_600 },
    givenUp: operation('left', { givesUp: true }),
  });
  const back = (): Assessment =>
    did.includes('ensure security-group/back')
      ? { kind: 'settled', generation: 1 }
      : { kind: 'operate', operation: operation('back') };
  const activities: Partial<Activities> = {
    assess: async (request) => {
      looks.push(request);
      return request.returning === undefined ? waits() : back();
    },
    mirror: async ({ subject }) => void written.push(subject),
    ensure: async ({ step }) => {
      did.push(step.id);
      return made();
    },
  };
  return { object, did, looks, written, activities };
};

describe('a rollout that is aborted while its next turn waits', () => {
  test('has what its turns left taken back, and is held until it is resumed', async () => {
    const { object, did, looks, written, activities } = waitingPool('UpdateNodePool');
    await temporal.withWorker(activities, async (queue) => {
      await startEntity(queue, object);
      await untilPhase(object, 'settled');
      await entityOf(object).executeUpdate(verbUpdates.abort, { args: [{}] });
      await waitFor('it is held', async () => {
        const { held } = await entityOf(object).query(getEntityState);
        return held === 'UpdateNodePool' ? true : undefined;
      });
      expect(did).toEqual(['ensure security-group/left']);
      await waitFor('its status says so', async () => (written.at(-1)?.kind === 'held' ? true : undefined));
      expect(looks.filter(({ returning }) => returning !== undefined)).toEqual([]);
      await entityOf(object).executeUpdate(verbUpdates.resume, { args: [{}] });
      await untilPhase(object, 'settled');
      expect(did).toHaveLength(1);
      await entityOf(object).terminate();
    });
  });

  test('goes back where it is an upgrade, and is held then; a look finds nothing more to do', async () => {
    const { object, did, looks, written, activities } = waitingPool('UpgradeNodePool');
    await temporal.withWorker(activities, async (queue) => {
      await startEntity(queue, object);
      await untilPhase(object, 'settled');
      await entityOf(object).executeUpdate(verbUpdates.abort, { args: [{}] });
      await waitFor('its status says that it has gone back', async () => {
        const last = written.at(-1);
        return last?.kind === 'held' && last.returned === true ? true : undefined;
      });
      expect(did).toEqual(['ensure security-group/back']);
      expect(looks.at(-1)?.returning).toBe(1);
      expect(await entityOf(object).query(getEntityState)).toMatchObject({ phase: 'blocked', held: 'UpgradeNodePool' });
      await entityOf(object).executeUpdate(verbUpdates.resume, { args: [{}] });
      await untilPhase(object, 'settled');
      expect(looks.at(-1)).not.toHaveProperty('returning');
      await entityOf(object).terminate();
    });
  });
});

/** The driver's order of looks and acts, on a kind that lives in memory. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  type BelongsTo,
  type Candidate,
  ensureResource,
  type RequestOf,
  type ResourceDriver,
  removeResource,
} from '../../activities/driver.ts';
import { absentError, verdictOf } from '../../activities/verdicts.ts';
import { type Found, observed } from '../../kinds/resource.ts';
import type { EnsureStep, RemoveStep } from '../../policy/plan.ts';

const KEY = 'security-group/controlplane';
const exists = () => Object.assign(new Error('exists'), { name: 'InvalidGroup.Duplicate', $metadata: {} });

let held: Candidate<'security-group'>[];
let calls: string[];

const candidate = (id: string, belongsTo: BelongsTo = 'ours'): Candidate<'security-group'> => ({
  key: KEY,
  outputs: { id },
  state: { name: 'n' },
  label: `group ${id}`,
  belongsTo,
});

const driver: ResourceDriver<'security-group'> = {
  kind: 'security-group',
  candidates: () => {
    calls.push('find');
    return Promise.resolve(held);
  },
  create: () => {
    calls.push('create');
    if (held.length > 0) return Promise.reject(exists());
    held.push(candidate('sg-1'));
    return Promise.resolve({ outputs: { id: 'sg-1' } });
  },
  update: (_wanted, found) => {
    calls.push(`update ${found.outputs.id}`);
    return Promise.resolve({ outputs: found.outputs });
  },
  remove: (_wanted, found) => {
    calls.push(`remove ${found.outputs.id}`);
    if (!held.some((one) => one.outputs.id === found.outputs.id)) return Promise.reject(absentError('gone'));
    held = held.filter((one) => one.outputs.id !== found.outputs.id);
    return Promise.resolve();
  },
};

const common = (first: boolean) => ({
  object: { kind: 'AWSCluster' as const, namespace: 'default', name: 'cluster-0', uid: 'uid' },
  owner: { account: '1', region: 'r', clusterId: 'gke-1', uid: 'uid' },
  entityId: 'e',
  first,
});

const ensuring = (first: boolean, found?: Found): RequestOf<EnsureStep> => ({
  ...common(first),
  step: {
    id: `ensure ${KEY}`,
    verb: 'ensure',
    needs: [],
    resource: {
      key: KEY,
      kind: 'security-group',
      properties: { name: 'n', description: 'd', vpcId: 'v', tags: {} },
    },
    ...(found === undefined ? {} : { found }),
  },
});

const removing = (first: boolean, found?: Found): RequestOf<RemoveStep> => ({
  ...common(first),
  step: {
    id: `remove ${KEY}`,
    verb: 'remove',
    needs: [],
    resource: { key: KEY, kind: 'security-group', properties: { name: 'n' } },
    ...(found === undefined ? {} : { found }),
  },
});

const seen = (id: string): Found => observed('security-group', KEY, { id }, { name: 'n' });

const context = { signal: new AbortController().signal, since: 0 };
const ensure = (first: boolean, found?: Found) => ensureResource(driver, ensuring(first, found), context);
const remove = (first: boolean, found?: Found) => removeResource(driver, removing(first, found), context);

beforeEach(() => {
  held = [];
  calls = [];
});

describe('ensure of something whose group was deleted by hand', () => {
  const refersToNothing: ResourceDriver<'security-group'> = {
    ...driver,
    create: () => Promise.reject(absentError('The security group sg-9 does not exist')),
  };
  const verdictAfter = async (began: number): Promise<string> => {
    const asked = { ...ensuring(true), since: began };
    return ensureResource(refersToNothing, asked, context).then(
      () => 'done',
      (error: unknown) => verdictOf(error).verdict,
    );
  };

  test('is tried again at first, since what was just made may not be visible yet', async () => {
    expect(await verdictAfter(Date.now())).toBe('retry');
  });

  test('ends its plan after a while, since what the plan was made from is gone', async () => {
    expect(await verdictAfter(Date.now() - 60_000)).toBe('superseded');
  });
});

describe('ensure of what refers to something that one service of AWS made, and another may not see yet', () => {
  const verdictOn = async (said: string, began: number, name = 'ValidationError'): Promise<string> => {
    const refused = Object.assign(new Error(said), { name, $metadata: { httpStatusCode: 400 } });
    const refusing: ResourceDriver<'security-group'> = { ...driver, create: () => Promise.reject(refused) };
    return ensureResource(refusing, { ...ensuring(true), since: began }, context).then(
      () => 'done',
      (error: unknown) => verdictOf(error).verdict,
    );
  };
  const TEMPLATE = 'You must use a valid fully-formed launch template.';

  test.each([
    `${TEMPLATE} Value (replicas) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name`,
    `${TEMPLATE} Value (arn:aws:iam::012345678901:instance-profile/a) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN`,
    `${TEMPLATE} The specified launch template, with template ID lt-0123456789abcdef0, does not exist.`,
    `${TEMPLATE} The security group 'sg-0123456789abcdef0' does not exist`,
    `${TEMPLATE} The key pair 'operators' does not exist`,
    `${TEMPLATE} Could not find the specified version 2 for the launch template with ID lt-0123456789abcdef0.`,
  ])('is tried again for some time, and then shown to a person: %s', async (said) => {
    expect(await verdictOn(said, Date.now() - 40_000)).toBe('retry');
    expect(await verdictOn(said, Date.now() - 46_000)).toBe('blocked');
    expect(await verdictOn(said, Date.now(), 'InvalidParameterValue')).toBe('retry');
  });

  test.each(['InvalidSecurityGroup', 'InvalidSecurityGroupException'])(
    'is tried again where load balancing has a code of its own for a group that it does not see: %s',
    async (code) => {
      const said = "Security group 'sg-0123456789abcdef0' does not exist";
      expect(await verdictOn(said, Date.now(), code)).toBe('retry');
      expect(await verdictOn(said, Date.now() - 46_000, code)).toBe('blocked');
    },
  );

  test.each([
    `${TEMPLATE} You are not authorized to perform this operation.`,
    `${TEMPLATE} The requested configuration is currently not supported. Please check the documentation for supported configurations.`,
    'Desired capacity: 4 must be between the specified min size: 1 and max size: 3',
  ])('is shown to a person at once where waiting cures nothing: %s', async (said) => {
    expect(await verdictOn(said, Date.now())).toBe('blocked');
  });
});

describe('ensure', () => {
  test('trusts the inventory on its first execution, and looks for itself on every later one', async () => {
    expect(await ensure(true)).toEqual({ change: 'created', outputs: { id: 'sg-1' } });
    expect(await ensure(false)).toEqual({ change: 'unchanged', outputs: { id: 'sg-1' } });
    expect(await ensure(true, seen('sg-1'))).toEqual({ change: 'unchanged', outputs: { id: 'sg-1' } });
    expect(calls).toEqual(['create', 'find', 'update sg-1', 'update sg-1']);
  });

  test('finds what an earlier try made when a create is refused', async () => {
    held = [candidate('sg-1')];
    expect(await ensure(true)).toEqual({ change: 'unchanged', outputs: { id: 'sg-1' } });
    expect(calls).toEqual(['create', 'find', 'update sg-1']);
  });

  test('is blocked by a foreign name, and by two of our own', async () => {
    held = [candidate('sg-2', { other: 'cluster gke-2' })];
    await expect(ensure(true)).rejects.toThrow('group sg-2 has its name and belongs to cluster gke-2');
    held = [candidate('sg-1'), candidate('sg-3')];
    await expect(ensure(false)).rejects.toThrow('exists more than once: group sg-1, group sg-3');
  });

  test('waits when it was refused as existing and nothing is visible yet', async () => {
    const blind = { ...driver, create: () => Promise.reject(exists()) };
    const error = await ensureResource(blind, ensuring(true), context).catch((thrown: unknown) => thrown);
    expect(verdictOf(error)).toMatchObject({ verdict: 'retry', message: expect.stringContaining('not visible') });
  });

  test('takes a missing neighbour for one that is not visible yet', async () => {
    const early = { ...driver, create: () => Promise.reject(absentError('no such subnet')) };
    const error = await ensureResource(early, ensuring(true), context).catch((thrown: unknown) => thrown);
    expect(verdictOf(error)).toMatchObject({ verdict: 'retry', message: expect.stringContaining('no such subnet') });
  });

  test('refuses a property that nobody resolved', async () => {
    const broken = ensuring(true);
    const properties = { name: 'n', description: 'd', vpcId: { ref: 'preflight', output: 'vpc' }, tags: {} };
    const step = {
      ...broken.step,
      resource: { ...broken.step.resource, properties },
    } as unknown as EnsureStep;
    const error = await ensureResource(driver, { ...broken, step }, context).catch((thrown: unknown) => thrown);
    expect(verdictOf(error)).toMatchObject({ verdict: 'bug', message: expect.stringContaining('preflight') });
  });
});

describe('remove', () => {
  test('is done when there is nothing, and when somebody else was faster', async () => {
    expect(await remove(false)).toEqual({ change: 'unchanged', outputs: {} });
    expect(await remove(true, seen('sg-9'))).toEqual({ change: 'removed', outputs: {} });
  });

  test('leaves what only has the name', async () => {
    held = [candidate('sg-2', { other: 'cluster gke-2' })];
    expect(await remove(false)).toEqual({ change: 'unchanged', outputs: {} });
    expect(held).toHaveLength(1);
  });

  test('removes all that is ours', async () => {
    held = [candidate('sg-1'), candidate('sg-3'), candidate('sg-2', { other: 'somebody' })];
    await remove(false);
    expect(held.map((one) => one.outputs.id)).toEqual(['sg-2']);
  });

  test('is not over while something remains', async () => {
    held = [candidate('sg-1')];
    const slow = { ...driver, remains: () => Promise.resolve('instance i-1 is shutting down') };
    const error = await removeResource(slow, removing(false), context).catch((thrown: unknown) => thrown);
    expect(verdictOf(error)).toMatchObject({
      verdict: 'retry',
      waiting: true,
      message: 'instance i-1 is shutting down',
    });
  });

  test('of what a lost node pool had is on behalf of that one, and of who had adopted it', async () => {
    const asked: object[] = [];
    const watched: typeof driver = {
      ...driver,
      candidates: ({ owner, object }) => {
        asked.push({ owner: owner.uid, object: object.uid });
        return Promise.resolve([]);
      },
    };
    const { owner, object } = removing(false);
    const had = { key: KEY, kind: 'security-group', outputs: { id: 'sg-1' }, state: { name: 'n' } } as const;
    for (const found of [
      { ...had, uid: owner.uid, adopter: 'u-1' },
      { ...had, uid: 'u-pool' },
      { ...had, uid: 'u-pool', adopter: 'u-2' },
    ])
      await removeResource(watched, removing(false, found), context);
    expect(asked).toEqual([
      { owner: owner.uid, object: object.uid },
      { owner: 'u-pool', object: object.uid },
      { owner: 'u-pool', object: 'u-2' },
    ]);
  });

  describe('of a kind of which many go slowly at once', () => {
    const label = 'group sg-1, which is going';
    const slow: ResourceDriver<'security-group'> = {
      ...driver,
      departing: () => {
        calls.push('look with others');
        return Promise.resolve(held);
      },
      remains: () => Promise.resolve(held.length === 0 ? undefined : label),
    };
    const removeSlowly = (first: boolean) => {
      const asked = removing(first, seen('sg-1'));
      return removeResource(slow, asked, context).then(({ change }) => change, verdictOf);
    };

    test('looks at nothing when it has only just asked it to go', async () => {
      held = [candidate('sg-1')];
      expect(await removeSlowly(true)).toMatchObject({
        verdict: 'retry',
        waiting: true,
        message: `${KEY} was asked to go.`,
      });
      expect(calls).toEqual(['remove sg-1']);
    });

    test('looks with the others from then on, asks again for what is there, and is over once nothing is', async () => {
      held = [candidate('sg-1'), candidate('sg-2', { other: 'somebody' })];
      expect(await removeSlowly(false)).toMatchObject({ verdict: 'retry', waiting: true, message: label });
      held = [];
      expect(await removeSlowly(false)).toBe('unchanged');
      expect(calls).toEqual(['look with others', 'remove sg-1', 'look with others']);
    });
  });
});

/** What the fault matrix consists of, and how it judges: without a sandbox. */
import { describe, expect, test } from '@jest/globals';
import { verdictOf } from '../../activities/verdicts.ts';
import { caseOf, createCounter, type HeardCall, nameOfCall } from '../../bench/faults/calls.ts';
import { judge } from '../../bench/faults/checks.ts';
import { failure, throttling } from '../../bench/faults/faults.ts';
import type { Life } from '../../bench/faults/life.ts';
import { casesOf, listCalls, listChangeCalls, livesOf, nameOfCase, spreadOut } from '../../bench/faults/plan.ts';

const CLUSTER = 'awscluster/default/f7/2f1c1f1e-1111-4222-8333-444455556666';
const POOL = 'awsnodepool/default/f7-pool-0/2f1c1f1e-1111-4222-8333-444455556666';

const heard = (name: string, number = 1, mutating = true): HeardCall => ({
  name,
  number,
  mutating,
  service: 'EC2',
  by: 'CreateCluster ensure x',
});

describe('A call', () => {
  test('has the same name in every run, whatever ids it carries', () => {
    const sender = {
      workflowType: 'CreateNodePool',
      workflowId: `${POOL}/operation`,
      activityId: 'ensure secret/nodepool-1a2b3c4d',
    };
    const call = { service: 'management', operation: 'POST', mutating: true };
    const one = nameOfCall(
      { ...call, target: '/api/v1/namespaces/default/secrets/gke-12345678-nodepool-1a2b3c4d-token' },
      sender,
    );
    const other = nameOfCall(
      { ...call, target: '/api/v1/namespaces/default/secrets/gke-87654321-nodepool-d4c3b2a1-token' },
      sender,
    );
    expect(one).toBe(other);
    expect(one).toBe(
      'CreateNodePool · ensure secret/nodepool-* · management POST /api/v1/namespaces/default/secrets/gke-*-nodepool-*-token',
    );
  });

  test('on a machine, its node or a pod there has the same name, whichever it is', () => {
    const named = (machine: string, path: string): string =>
      nameOfCall(
        { service: 'cluster', operation: 'POST', mutating: true, target: path },
        { workflowType: 'ResizeNodePool', workflowId: `${POOL}/operation`, activityId: `wait drain/${machine}` },
      );
    expect(named('i-0123456789abcdef0', '/api/v1/namespaces/default/pods/web-1/eviction')).toBe(
      'ResizeNodePool · wait drain/i-* · cluster POST /api/v1/namespaces/default/pods/*/eviction',
    );
    expect(named('i-0123456789abcdef0', '/api/v1/nodes/ip-10-0-1-2.eu-west-1.compute.internal')).toBe(
      'ResizeNodePool · wait drain/i-* · cluster POST /api/v1/nodes/ip-*',
    );
  });

  test('belongs to the case of its cluster, the pool’s as well', () => {
    expect([caseOf(CLUSTER), caseOf(`${CLUSTER}/operation`), caseOf(POOL), caseOf('credential/default/f7/1')]).toEqual([
      'f7',
      'f7',
      'f7',
      undefined,
    ]);
  });

  test('is told from others of its name by a number, in each case from one', () => {
    const { next, begin } = createCounter();
    expect([next('f1', 'a'), next('f1', 'a'), next('f1', 'b'), next('f2', 'a')]).toEqual([1, 2, 1, 1]);
    begin('f1');
    expect([next('f1', 'a'), next('f2', 'a')]).toEqual([1, 2]);
  });
});

describe('The list of calls', () => {
  test('has what both clean runs made, and what only a fresh worker makes, marked so', () => {
    const both = heard('CreateCluster · ensure x · EC2 CreateVolume');
    const once = heard('AwsCluster · preflight · STS GetCallerIdentity', 1, false);
    const sometimes = heard('CreateCluster · ensure y · EC2 DescribeVolumes', 3, false);
    const calls = listCalls([both, once], [[both, sometimes], [both]]);
    expect(calls.map(({ name, fresh }) => [name, fresh])).toEqual([
      [once.name, true],
      [both.name, false],
    ]);
  });

  test('holds the first look of those that are done again and again, the first two changes, and all of the rest', () => {
    const looks = [1, 2, 3].map((number) =>
      heard('CreateCluster · wait nodes/ready · cluster GET /api/v1/nodes', number, false),
    );
    const poolsAreGoing = [1, 2, 3].map((number) =>
      heard('DeleteCluster · remove node-pools/all · management GET /awsnodepools', number, false),
    );
    const steps = [1, 2, 3].map((number) => heard('CreateCluster · ensure x · EC2 CreateTags', number));
    const writes = [1, 2, 3].map((number) => heard('CreateCluster · mirror status · management PATCH', number));
    const leaving = [1, 2, 3].map((number) =>
      heard('UpgradeCluster · ensure order/controlplane-0/leave · EC2 DescribeVolumes', number, false),
    );
    const ending = [1, 2, 3].map((number) =>
      heard('UpgradeCluster · remove instance/controlplane-0 · EC2 DescribeInstances', number, false),
    );
    const all = [...looks, ...poolsAreGoing, ...writes, ...steps, ...leaving, ...ending];
    expect(listCalls(all, [all, all])).toHaveLength(9);
  });

  test('lets each fault meet one of three replicas, another one from fault to fault, and all of them if asked for', () => {
    const name = (replica: number): string => `CreateCluster · ensure etcd-volume/${replica} · EC2 CreateVolume`;
    const calls = [0, 1, 2].map((replica) => heard(name(replica)));
    const listed = listCalls([], [calls, calls]);
    const met = casesOf(listed, false).map(({ call, fault }) => `${fault} ${/\d/.exec(call.name)?.[0]}`);
    expect(met.sort()).toEqual(['fails 0', 'killed 1', 'late 0', 'lost 1', 'repeated 2', 'throttled 2', 'unseen 0']);
    expect(casesOf(listed, true)).toHaveLength(21);
  });

  test('knows the replica of a template and of an order, too', () => {
    const named = (step: string) => (replica: number) =>
      heard(`UpgradeCluster · ${step.replace('#', `${replica}`)} · EC2 X`);
    for (const step of ['ensure launch-template/controlplane-#/<version>', 'ensure order/controlplane-#/leave']) {
      const calls = [0, 1, 2].map(named(step));
      expect(casesOf(listCalls([], [calls, calls]), false)).toHaveLength(
        casesOf(listCalls([], [[heard('x')], [heard('x')]]), false).length,
      );
    }
  });

  test('gives a change to AWS all faults that any change can meet, and a read those that differ for it', () => {
    const calls = listCalls(
      [],
      [
        [heard('change'), heard('read', 1, false)],
        [heard('change'), heard('read', 1, false)],
      ],
    );
    expect(casesOf(calls, false).map(nameOfCase)).toEqual([
      'change · 1 · fails',
      'change · 1 · lost',
      'change · 1 · throttled',
      'change · 1 · late',
      'change · 1 · killed',
      'change · 1 · repeated',
      'read · 1 · fails',
      'read · 1 · throttled',
      'read · 1 · killed',
    ]);
    expect(casesOf(calls, true)).toHaveLength(11);
  });

  test.each([
    ['EC2 CreateVolume', 'EC2', ['repeated', 'unseen']],
    ['EC2 CreateTags', 'EC2', ['repeated']],
    ['AutoScaling CreateOrUpdateTags', 'AutoScaling', ['repeated']],
    ['EC2 DeleteVolume', 'EC2', ['repeated']],
    ['AutoScaling CreateAutoScalingGroup', 'AutoScaling', ['repeated', 'unseen', 'refused']],
    ['EC2 CreateLaunchTemplateVersion', 'EC2', ['repeated']],
    ['management POST /api/v1/namespaces/default/secrets', 'management', []],
    ['AutoScaling UpdateAutoScalingGroup', 'AutoScaling', ['repeated']],
  ])('of what only AWS does, %s meets what it can meet', (call, service, faults) => {
    const calls = [{ ...heard(`CreateCluster · ensure x · ${call}`), service }];
    const met = casesOf(listCalls([], [calls, calls]), true).map(({ fault }) => fault);
    expect(met.filter((fault) => ['repeated', 'unseen', 'refused'].includes(fault))).toEqual(faults);
  });
});

test('a group that is made larger meets launches that are refused, and one that a rollout gives back does not', () => {
  const met = (step: string) => {
    const calls = [
      { ...heard(`UpdateNodePool · ${step} · AutoScaling UpdateAutoScalingGroup`), service: 'AutoScaling' },
    ];
    return casesOf(listCalls([], [calls, calls]), true).map(({ fault }) => fault);
  };
  expect(met('ensure auto-scaling-group/nodepool-*')).toContain('refused');
  expect(met('remove surge/*')).not.toContain('refused');
});

test('a life has room for a case of the create and one of the delete, and never for one that kills and one that does not', () => {
  const names = ['CreateCluster · a', 'DeleteCluster · b', 'DeleteCluster · c'];
  const calls = names.map((name) => heard(`${name} · EC2 X`));
  const lives = livesOf(casesOf(listCalls([], [calls, calls]), false));
  expect(lives.flat()).toHaveLength(18);
  for (const life of lives) {
    expect(life.filter(({ call }) => call.name.startsWith('Delete')).length).toBeLessThanOrEqual(1);
    expect(life.filter(({ call }) => call.name.startsWith('Create')).length).toBeLessThanOrEqual(1);
    expect(new Set(life.map(({ fault }) => fault === 'killed')).size).toBe(1);
  }
  expect(lives).toHaveLength(12);
});

test('a case of what is done to a pool that stands is called by it, and is lived with no other', () => {
  const calls = [heard('ResizeNodePool · wait drain/i-* · EC2 X', 2)];
  const listed = listChangeCalls('resize', [calls, calls]);
  const [first] = casesOf(listed, false);
  expect(first === undefined ? '' : nameOfCase(first)).toBe(
    'resize: ResizeNodePool · wait drain/i-* · EC2 X · 2 · fails',
  );
});

test('any part of the matrix has every fault, spread over the whole list', () => {
  const calls = Array.from({ length: 60 }, (_, index) => heard(`CreateCluster · ensure ${index}x · EC2 CreateTags`));
  const all = casesOf(listCalls([], [calls, calls]), false);
  const part = spreadOut(all).slice(0, 24);
  const places = part.map((one) => all.indexOf(one));
  for (const quarter of [0, 1, 2, 3]) {
    expect(places.filter((place) => Math.floor((place / all.length) * 4) === quarter).length).toBeGreaterThan(1);
  }
  for (const fault of ['fails', 'lost', 'throttled', 'late', 'killed', 'repeated']) {
    expect(part.filter((one) => one.fault === fault)).toHaveLength(4);
  }
  expect(new Set(spreadOut(all)).size).toBe(all.length);
});

test('faults are in the services’ own words: every one of them is worth another try', () => {
  const aws = { service: 'EC2', operation: 'CreateVolume', target: '', mutating: true };
  const thrown = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };
  expect(verdictOf(thrown(() => failure(aws)))).toMatchObject({ verdict: 'retry' });
  expect(verdictOf(thrown(() => throttling(aws)))).toMatchObject({ verdict: 'retry', delayMs: 2_000 });
  expect(throttling({ ...aws, service: 'cluster', operation: 'GET' })).toMatchObject({
    status: 429,
    retryAfter: '1',
  });
  expect(failure({ ...aws, service: 'hub', operation: 'GET' })).toMatchObject({ status: 500 });
});

describe('A life is judged', () => {
  const run = (workflowId: string, type: string, startedAt: number, closedAt: number, status = 'COMPLETED') => ({
    workflowId,
    runId: `${type}-${startedAt}`,
    type,
    status,
    startedAt,
    closedAt,
  });
  const runs = [
    run(CLUSTER, 'AwsCluster', 0, 90),
    run(`${CLUSTER}/operation`, 'CreateCluster', 1, 40),
    run(`${CLUSTER}/operation`, 'DeleteCluster', 50, 80),
    run(`${POOL}/operation`, 'CreateNodePool', 1, 40),
    run(`${POOL}/operation`, 'DeleteNodePool', 50, 80),
  ];
  const etcd = { hasQuorum: true, volumes: ['vol-1', 'vol-2', 'vol-3'] };
  const life = (overrides: Partial<Life> = {}): Life => ({
    clusterId: 'gke-12345678',
    made: ['volume etcd-volume/0'],
    most: new Map([['volume etcd-volume/0', 1]]),
    etcd: [etcd, etcd],
    secondLook: [],
    calls: [
      { ...heard('CreateCluster · ensure finalizer · management PATCH'), service: 'management' },
      heard('CreateCluster · ensure etcd-volume/0 · EC2 CreateVolume'),
    ],
    runs,
    left: [],
    leaked: [],
    met: [],
    seconds: 1,
    ...overrides,
  });
  const targets = [{ call: 'x', number: 1, fault: 'lost' }] as const;
  const wrongWith = (overrides: Partial<Life>) =>
    judge(life(overrides), { made: ['volume etcd-volume/0'], etcd: [etcd] }, targets);

  test('as right where nothing is wrong', () => {
    expect(wrongWith({})).toEqual([]);
  });

  test.each<[string, Partial<Life>, RegExp]>([
    ['something exists twice at the end', { made: ['volume etcd-volume/0', 'volume etcd-volume/0'] }, /I2.*2 times/],
    ['something existed twice for a while', { most: new Map([['volume etcd-volume/0', 2]]) }, /I2.*2 times at once/],
    ['something is missing', { made: [] }, /I2.*0 times instead of 1/],
    ['something came before the finalizer', { calls: life().calls.toReversed() }, /I3/],
    ['etcd lost quorum', { etcd: [etcd, { ...etcd, hasQuorum: false }] }, /I5.*quorum/],
    ['etcd began anew', { etcd: [etcd, { ...etcd, volumes: ['vol-1', 'vol-2', 'vol-9'] }] }, /I5: vol-3 holds no data/],
    ['a second look changes something', { secondLook: [heard('AwsCluster · ensure x · EC2 CreateTags')] }, /I6/],
    ['something is left', { left: ['AWS volume vol-1'] }, /I7.*vol-1/],
    ['a secret stands in a history', { leaked: ['gke-1-root-ca'] }, /I8/],
    ['two operations ran at once', { runs: [...runs, run(`${CLUSTER}/operation`, 'CreateCluster', 20, 45)] }, /I1/],
    ['an entity failed', { runs: [run(CLUSTER, 'AwsCluster', 0, 90, 'FAILED'), ...runs.slice(1)] }, /FAILED/],
    ['no deletion ran', { runs: runs.filter(({ type }) => type !== 'DeleteCluster') }, /no DeleteCluster/],
  ])('as wrong where %s', (_what, overrides, said) => {
    expect(wrongWith(overrides).join('\n')).toMatch(said);
  });
});

/** How an upgrade of a control plane is judged that met a fault: by the same upgrade without one, and by what was seen all the while. */
import { describe, expect, test } from '@jest/globals';
import { controlPlaneOf } from '../../bench/faults/control-planes.ts';
import { belowFloor, tooManyAway } from '../../bench/faults/replica-watch.ts';
import type { SeenReplica } from '../../bench/faults/sight.ts';
import { stageOf } from '../../bench/faults/stages.ts';
import type { Upgrade } from '../../bench/faults/standing-control-plane.ts';
import { judgeUpgrade } from '../../bench/faults/upgrades.ts';

const CLUSTER = 'awscluster/default/f7/2f1c1f1e-1111-4222-8333-444455556666';

const run = (type: string, startedAt: number, closedAt: number, status = 'COMPLETED') => ({
  workflowId: `${CLUSTER}/operation`,
  runId: `${type}-${startedAt}`,
  ...{ type, status, startedAt, closedAt },
});

const replica = (index: number, overrides: Partial<SeenReplica> = {}): SeenReplica => ({
  index,
  instance: `i-${index}`,
  kubernetes: '1.36.3',
  serves: '1.36',
  ...overrides,
});

const marked = (index: number, tags: Readonly<Record<string, string>> = { 'slipway.dev/emulates': '1.36' }) => ({
  index,
  id: `vol-${index}`,
  tags,
});

const etcd = { hasQuorum: true, volumes: ['vol-0', 'vol-1', 'vol-2'] };

/** To the newer version, and back. */
const upgrade = (overrides: Partial<Upgrade> = {}): Upgrade => ({
  rows: { before: ['three groups'], after: ['three groups'] },
  machines: ['i-0', 'i-1', 'i-2'],
  replicas: [0, 1, 2].map((index) => replica(index)),
  seen: ['i-0', 'i-1', 'i-2', 'i-7', 'i-8', 'i-9'],
  watched: [],
  templates: ['1.36.3-gke.1', '1.36.3-gke.1', '1.36.3-gke.1'],
  marks: [0, 1, 2].map((index) => marked(index)),
  etcd: { before: etcd, after: etcd },
  nodes: { before: ['i-n, Ready'], after: ['i-n, Ready'] },
  most: new Map([['auto-scaling-group *', 1]]),
  secondLook: [],
  calls: [],
  runs: [run('UpgradeCluster', 1, 5), run('UpdateCluster', 6, 9)],
  leaked: [],
  met: [],
  seconds: 1,
  ...overrides,
});

const wrongWith = (overrides: Partial<Upgrade>): string =>
  judgeUpgrade(upgrade(overrides), upgrade(), controlPlaneOf('control-plane-upgrade')).join('\n');

test('an upgrade that went and came back as it does without a fault is right', () => {
  expect(wrongWith({})).toBe('');
});

describe('an upgrade is wrong where', () => {
  test.each<[string, Partial<Upgrade>, RegExp]>([
    [
      'one machine is of the other version',
      { replicas: [replica(0), replica(1), replica(2, { kubernetes: '1.37.2' })] },
      /replica 2, 1\.37\.2 as 1\.36 is there 1/,
    ],
    [
      'a replica does not serve',
      { replicas: [replica(0), replica(1), { index: 2, instance: 'i-2', kubernetes: '1.36.3' }] },
      /replica 2, 1\.36\.3 as nothing/,
    ],
    ['a machine runs that is no replica', { machines: ['i-0', 'i-1', 'i-2', 'i-3'] }, /i-3 is there 1/],
    ['one machine more came', { seen: [...upgrade().seen, 'i-10'] }, /7 machines were replicas/],
    ['a template of the version that went is left', { templates: ['1.37.2-gke.1'] }, /template of 1\.37\.2-gke\.1/],
    [
      'a volume is committed though it went back',
      { marks: [marked(0), marked(1), marked(2, { 'slipway.dev/committed': '1.37' })] },
      /volume 2 emulates nothing, is committed to 1\.37 is there 1/,
    ],
    ['a volume says nothing', { marks: [marked(0), marked(1), marked(2, {})] }, /volume 2 emulates nothing/],
    ['etcd lost quorum', { etcd: { before: etcd, after: { ...etcd, hasQuorum: false } } }, /I5.*quorum/],
    [
      'a disk lost its data',
      { etcd: { before: etcd, after: { hasQuorum: true, volumes: ['vol-0', 'vol-1'] } } },
      /I5.*vol-2/,
    ],
    ['two replicas were away at once', { watched: ['I5: 2 replicas were out of service at once'] }, /I5: 2 replicas/],
    ['the pool has another machine', { nodes: { before: ['i-n, Ready'], after: ['i-m, Ready'] } }, /nodes of the pool/],
    ['the account is another', { rows: { before: ['a'], after: ['a', 'b'] } }, /the account, afterwards: b/],
    ['something existed twice for a while', { most: new Map([['auto-scaling-group *', 2]]) }, /I2.*2 times at once/],
    ['two operations ran at once', { runs: [...upgrade().runs, run('UpgradeCluster', 2, 4)] }, /I1/],
    ['an operation failed', { runs: [...upgrade().runs, run('UpgradeCluster', 20, 21, 'FAILED')] }, /FAILED/],
    ['a replica was repaired that was well', { runs: [...upgrade().runs, run('RepairCluster', 20, 21)] }, /no reason/],
    ['nothing was upgraded', { runs: [run('UpdateCluster', 6, 9)] }, /no UpgradeCluster/],
    [
      'a second look changes something',
      { secondLook: [{ name: 'CreateTags', number: 1, mutating: true, service: 'EC2', by: 'x' }] },
      /I6/,
    ],
    ['a secret stands in a history', { leaked: ['gke-1-root-ca'] }, /I8/],
  ])('%s', (_what, overrides, said) => {
    expect(wrongWith(overrides)).toMatch(said);
  });
});

test('after a commit the volumes have to say so, and machines of the version before are wrong', () => {
  const clean = upgrade({
    replicas: [0, 1, 2].map((index) => replica(index, { kubernetes: '1.37.2', serves: '1.37' })),
    marks: [0, 1, 2].map((index) => marked(index, { 'slipway.dev/emulates': '1.36', 'slipway.dev/committed': '1.37' })),
    templates: ['1.37.2-gke.1'],
    runs: ['UpgradeCluster', 'CommitUpgrade', 'UpdateCluster'].map((type, at) => run(type, at * 10, at * 10 + 5)),
  });
  const situation = controlPlaneOf('commit');
  expect(judgeUpgrade(clean, clean, situation)).toEqual([]);
  const back = { ...clean, marks: upgrade().marks, replicas: upgrade().replicas };
  const said = judgeUpgrade(back, clean, situation).join('\n');
  expect(said).toContain('replica 0, 1.36.3 as 1.36 is there 1 times instead of 0');
  expect(said).toContain('volume 0 emulates 1.36, is committed to nothing is there 1 times instead of 0');
});

describe('while a case is lived', () => {
  const all = [0, 1, 2].map((index) => replica(index));
  const silent = ({ index, instance, kubernetes }: SeenReplica): SeenReplica => ({ index, instance, kubernetes });

  test('one replica may be out of service, whether its etcd runs or not, and never two', () => {
    expect(tooManyAway(all, 3)).toEqual([]);
    expect(tooManyAway(all.slice(1), 3)).toEqual([]);
    expect(tooManyAway([...all.slice(0, 2), silent(replica(2))], 3)).toEqual([]);
    expect(tooManyAway([replica(0), silent(replica(1))], 3)).toEqual(['I5: 2 replicas were out of service at once']);
  });

  test.each<[string, SeenReplica, SeenReplica, boolean]>([
    ['an API server that starts below its floor is wrong', silent(replica(0)), replica(0), true],
    ['so is one on another machine', replica(0), replica(0, { instance: 'i-9' }), true],
    ['one that starts at it is right', silent(replica(0)), replica(0, { serves: '1.37' }), false],
    ['one that has served all the while has not been told to begin anew yet', replica(0), replica(0), false],
  ])('%s', (_what, before, now, isWrong) => {
    expect(belowFloor([before], [now], new Map([[0, '1.37']]))).toHaveLength(isWrong ? 1 : 0);
    expect(belowFloor([before], [now], new Map())).toEqual([]);
  });
});

test('from a commit there is no way back: each of its cases has a cluster of its own, and others share one', () => {
  expect(stageOf('commit').once).toBe(true);
  expect(stageOf('control-plane-abort').once).toBe(false);
  expect(stageOf('control-plane-upgrade').place).not.toBe(stageOf('control-plane-abort').place);
  expect(stageOf('resize')).toEqual(stageOf('labels'));
  expect(stageOf('resize').place).not.toBe(stageOf('repair').place);
});

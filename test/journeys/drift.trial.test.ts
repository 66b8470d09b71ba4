/**
 * What somebody changes in AWS by hand: a version of a template, a group's maximum, a rule, a tag. It is told and left alone; mended by
 * the next sweep where `spec.driftPolicy` says so; and told to a person where it comes back again and again.
 *
 * In a sandbox with stub machines: what runs on machines is not asked here, only whether any is replaced.
 */
import { AutoScalingClient, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateVersionCommand,
  DeleteTagsCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { AWSCluster } from '../../api/cluster.ts';
import { smallCluster } from '../../bench/manifests.ts';
import { MOST_IN_A_ROW, RETURNS } from '../../policy/mending.ts';
import { AWS_CREDENTIALS, REGION } from '../../sandbox/layout.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { type Lifecycle, lifecycleOf, type Row } from './lifecycle.ts';

const CLUSTER = 'cluster-0';
const POOL = 'cluster-0-pool-0';
const SWEEP_SECONDS = 4;
const RULES = 'security-group-rules/controlplane';
const VOLUME = 'etcd-volume/1';

type Status = NonNullable<AWSCluster['status']>;
type Of = 'awscluster' | 'awsnodepool';

let sandbox: SandboxForTests;
let lifecycle: Lifecycle;
let ec2: EC2Client;
let autoScaling: AutoScalingClient;

const kubectl = (...args: readonly string[]): Promise<string> => succeed(args.join(' '), sandbox.kubectl(args));
const stored = async (of: Of): Promise<Pick<AWSCluster, 'metadata'> & { readonly status: Status }> =>
  JSON.parse(await kubectl('get', of, of === 'awscluster' ? CLUSTER : POOL, '-o', 'json'));
const conditionOf = ({ conditions = [] }: Status, type: string) => conditions.find((one) => one.type === type);
const until = (of: Of, what: string, holds: (status: Status) => boolean): Promise<Status> =>
  waitFor(
    what,
    async () => {
      const { status } = await stored(of);
      return holds(status) ? status : undefined;
    },
    UNHURRIED,
  );
const typesOf = ({ operations = [] }: Status): readonly string[] => operations.map(({ type }) => type);
const timesOf = ({ mended = [] }: Status, key: string): number =>
  mended.find(({ resource }) => resource === key)?.times ?? 0;
const isAtRest = ({ state, lastOperation }: Status): boolean =>
  state === 'Provisioned' && lastOperation?.state === 'succeeded';

const withKey = async (kind: string, key: RegExp): Promise<Row> => {
  const found = (await lifecycle.account()).find(
    (row) => row.kind === kind && key.test(row.detail.tags?.['slipway.dev/key'] ?? ''),
  );
  if (found === undefined) throw new Error(`There is no ${kind} with a key like ${key}`);
  return found;
};
const machines = async (): Promise<readonly string[]> =>
  (await lifecycle.account())
    .filter(({ kind }) => kind === 'instance')
    .map(({ id }) => id)
    .sort();
/** What Slipway changed in AWS since then; people have credentials of their own. */
const mutationsSince = async (since: number): Promise<readonly string[]> =>
  (await sandbox.callsSince(since, { mutating: true })).calls
    .filter(({ accessKey }) => accessKey === AWS_CREDENTIALS.accessKeyId)
    .map(({ operation }) => operation);
const callsSoFar = async (): Promise<number> => (await sandbox.callsSince(0)).next;

const controlPlaneGroup = async () => {
  const { id } = await withKey('security-group', /^security-group\/controlplane$/);
  const { SecurityGroups: groups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [id] }));
  const permission = groups?.[0]?.IpPermissions?.find(({ FromPort }) => FromPort === 6443);
  return { id, permission };
};
const volumeTags = async () => (await withKey('volume', /^etcd-volume\/1$/)).detail.tags ?? {};
const poolGroup = (): Promise<Row> => withKey('auto-scaling-group', /nodepool/);
const poolTemplate = (): Promise<Row> => withKey('launch-template', /nodepool/);

/** How many sweeps there were so far. */
const sweeps = async (): Promise<number> => {
  const query = `WorkflowType = 'DriftSweep'`;
  const listed = await succeed('sweeps', sandbox.temporal(['workflow', 'count', '--query', query, '-o', 'json']));
  return Number((JSON.parse(listed) as { readonly count: string }).count);
};

const takeRuleAway = async (): Promise<void> => {
  const { id, permission } = await controlPlaneGroup();
  if (permission === undefined) throw new Error('The group has no rule for 6443');
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: id, IpPermissions: [permission] }));
};
const takeTagAway = async (): Promise<void> => {
  const { id } = await withKey('volume', /^etcd-volume\/1$/);
  await ec2.send(new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: 'team' }] }));
};
const raiseMaximum = async (): Promise<void> => {
  const AutoScalingGroupName = (await poolGroup()).id;
  await autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MaxSize: 7 }));
};
const editTemplate = async (): Promise<void> => {
  const { id } = await poolTemplate();
  const edited = {
    LaunchTemplateId: id,
    SourceVersion: '1',
    LaunchTemplateData: { InstanceType: 't3.large' as const },
  };
  await ec2.send(new CreateLaunchTemplateVersionCommand(edited));
};

beforeAll(async () => {
  sandbox = await startSandbox({ SLIPWAY_SWEEP_SECONDS: `${SWEEP_SECONDS}`, SLIPWAY_PACE: 'quick' }, { stub: true });
  lifecycle = lifecycleOf(sandbox, '-');
  const { endpoint } = sandbox.status().aws;
  ec2 = new EC2Client({ region: REGION, endpoint, credentials: SPECTATOR });
  autoScaling = new AutoScalingClient({ region: REGION, endpoint, credentials: SPECTATOR });
  const [cluster, pool] = smallCluster(CLUSTER);
  const controlPlane = { ...(cluster?.spec['controlPlane'] as object), tags: { team: 'platform' } };
  const tagged = { ...cluster, spec: { ...cluster?.spec, controlPlane } };
  const input = [tagged, pool].map((one) => stringify(one)).join('---\n');
  await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input }));
  await lifecycle.untilProvisioned();
});
afterAll(async () => {
  ec2?.destroy();
  autoScaling?.destroy();
  await sandbox?.end();
});

describe('what somebody changes, where the spec says nothing of it', () => {
  test('is told, each by its name, and left alone', async () => {
    const since = await callsSoFar();
    await Promise.all([takeRuleAway(), takeTagAway(), raiseMaximum(), editTemplate()]);
    const says = (status: Status, ...words: readonly string[]): boolean =>
      words.every((word) => conditionOf(status, 'Drifted')?.message.includes(word) === true);
    const cluster = await until('awscluster', 'rule and tag are told', (status) => says(status, RULES, `${VOLUME}: `));
    const pool = await until('awsnodepool', 'template and group are told', (status) =>
      says(status, 'launch-template/nodepool', '1 to 7, not 1 to 1'),
    );
    expect(conditionOf(cluster, 'Drifted')).toMatchObject({
      reason: 'DiffersFromSpec',
      message: expect.stringMatching(/ To have it mended: npx slipway operations retry cluster cluster-0 -n default$/),
    });
    expect([cluster, pool].map(({ state }) => state)).toEqual(['Provisioned', 'Provisioned']);
    expect(await mutationsSince(since)).toEqual([]);
  });

  test('is mended once somebody asks, and no machine is replaced', async () => {
    const before = await machines();
    await succeed('retry', sandbox.slipway(['operations', 'retry', 'cluster', CLUSTER]));
    await succeed('retry', sandbox.slipway(['operations', 'retry', 'nodepool', POOL]));
    const isMended = (status: Status): boolean => isAtRest(status) && conditionOf(status, 'Drifted') === undefined;
    const cluster = await until('awscluster', 'the cluster is mended', isMended);
    const pool = await until('awsnodepool', 'the pool is mended', isMended);
    expect([typesOf(cluster)[0], typesOf(pool)[0]]).toEqual(['UpdateCluster', 'UpdateNodePool']);
    expect(cluster).not.toHaveProperty('mended');
    expect(await machines()).toEqual(before);
  });
});

describe('what somebody changes, where the spec of the cluster has it mended', () => {
  beforeAll(async () => {
    await kubectl('patch', 'awscluster', CLUSTER, '--type=merge', '-p', '{"spec":{"driftPolicy":"Mend"}}');
    const generation = Number(await kubectl('get', 'awscluster', CLUSTER, '-o', 'jsonpath={.metadata.generation}'));
    // What is found while an edit is looked at belongs to the edit.
    await until(
      'awscluster',
      'its spec was seen',
      (now) => (now.observedGeneration ?? 0) >= generation && isAtRest(now),
    );
  });

  const changes: readonly (readonly [string, Of, RegExp, () => Promise<void>, () => Promise<boolean>])[] = [
    [
      'a rule of a security group',
      'awscluster',
      /^security-group-rules\/controlplane: /,
      takeRuleAway,
      async () => (await controlPlaneGroup()).permission !== undefined,
    ],
    ['a tag', 'awscluster', /^etcd-volume\/1: /, takeTagAway, async () => (await volumeTags())['team'] === 'platform'],
    [
      'a group’s maximum',
      'awsnodepool',
      /^auto-scaling-group\/nodepool-\S+: its size is 1 to 7/,
      raiseMaximum,
      async () => (await poolGroup()).detail['max'] === 1,
    ],
    [
      'a version of a launch template',
      'awsnodepool',
      /^launch-template\/nodepool-\S+: machines would be told something else/,
      editTemplate,
      async () => ((await poolTemplate()).detail.versions ?? []).length >= 4,
    ],
  ];

  test.each(changes)(
    '%s is put right by the next sweep, in an operation that names it',
    async (_, of, event, change, holds) => {
      const before = await machines();
      const operations = typesOf((await stored(of)).status).length;
      await change();
      const status = await until(of, 'it is mended', (now) => typesOf(now).length > operations && isAtRest(now));
      expect(typesOf(status)[0]).toBe(of === 'awscluster' ? 'MendCluster' : 'MendNodePool');
      expect(typesOf(status)).toHaveLength(operations + 1);
      expect(await holds()).toBe(true);
      expect(conditionOf(status, 'Drifted')).toBeUndefined();
      expect(await machines()).toEqual(before);
      const events = await kubectl(
        'get',
        'events',
        '--field-selector=reason=MendedDrift',
        '-o',
        'jsonpath={range .items[*]}{.message}{"\\n"}{end}',
      );
      expect(events.split('\n').map((line) => line.replace('Mended ', ''))).toContainEqual(
        expect.stringMatching(event),
      );
    },
  );

  test('is left alone on a pool of its own mind', async () => {
    await kubectl('patch', 'awsnodepool', POOL, '--type=merge', '-p', '{"spec":{"driftPolicy":"Report"}}');
    await until('awsnodepool', 'its spec was seen', ({ observedGeneration }) => (observedGeneration ?? 0) >= 2);
    await raiseMaximum();
    await until('awsnodepool', 'it is told', (status) => conditionOf(status, 'Drifted') !== undefined);
    expect((await stored('awsnodepool')).status.state).toBe('Provisioned');
  });
});

describe('a tag that somebody’s automation takes off again and again', () => {
  test('is put back three times in a row, ever more rarely, and then left to a person, who is told', async () => {
    const before = timesOf((await stored('awscluster')).status, VOLUME);
    const operations = typesOf((await stored('awscluster')).status).length;
    const mended: number[] = [];
    const status = await waitFor(
      'nobody mends it any more',
      async () => {
        const { status: now } = await stored('awscluster');
        if ((await volumeTags())['team'] !== undefined) {
          if (isAtRest(now)) mended.push(Date.now());
          await takeTagAway();
        }
        return conditionOf(now, 'Drifted')?.reason === RETURNS ? now : undefined;
      },
      UNHURRIED,
    );
    expect(timesOf(status, VOLUME)).toBe(MOST_IN_A_ROW);
    expect(typesOf(status)).toHaveLength(operations + MOST_IN_A_ROW - before);
    expect(conditionOf(status, 'Drifted')?.message).toContain('find out who does that');
    const since = await callsSoFar();
    // Two sweeps more.
    const looked = await sweeps();
    await waitFor('two more sweeps', async () => ((await sweeps()) >= looked + 2 ? true : undefined), UNHURRIED);
    expect(await mutationsSince(since)).toEqual([]);
  });

  test('is put back once more when that person asks', async () => {
    await succeed('retry', sandbox.slipway(['operations', 'retry', 'cluster', CLUSTER]));
    const status = await until('awscluster', 'it is mended', (now) => timesOf(now, VOLUME) === 1 && isAtRest(now));
    expect(conditionOf(status, 'Drifted')).toBeUndefined();
    expect((await volumeTags())['team']).toBe('platform');
  });
});

/**
 * Somebody who follows the page about operations, situation by situation: each is brought about, and the page's commands move
 * it on. In a sandbox with stub machines: what is followed here is Slipway, not a machine.
 *
 * A section whose commands need no situation of their own needs no test of its own here: `the rest of the page` runs it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readJson } from '../support/http.ts';
import type { Resource } from '../support/objects.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { allCommands } from './commands.ts';
import { ROOT } from './markdown.ts';
import { type Documentation, documentationIn, type SectionSettings } from './session.ts';

const PAGE = 'docs/operations.md';
const NAME = 'small';
const POOL = 'small-pool';
const ANOTHER = 'another-pool';
const MANIFEST = join(ROOT, 'test/fixtures/small-cluster.yaml');
const POOL_GROUP = /-nodepool-/;

type Step = { readonly step: string; readonly state: string };
type Cluster = {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly spec?: { readonly controlPlane?: { readonly instanceType: string } };
  readonly status?: {
    readonly state?: string;
    readonly nodePoolID?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
    readonly lastOperation?: { readonly type: string; readonly state: string; readonly steps?: readonly Step[] };
  };
};

let sandbox: SandboxForTests;
let documentation: Documentation;

const found = async (resource: Resource, name: string): Promise<Cluster> => {
  const object = await sandbox.objects().find<Cluster>(resource, name);
  if (object === undefined) throw new Error(`There is no ${name} among ${resource}.`);
  return object;
};
const cluster = (): Promise<Cluster> => found('awsclusters', NAME);
const pool = (name: string): Promise<Cluster> => found('awsnodepools', name);

/** The step of a pool's operation that waits for nodes. */
const nodesAwaited = (name: string): Promise<string> =>
  waitFor(
    `${name} to wait for its nodes`,
    async () =>
      (await pool(name)).status?.lastOperation?.steps?.find(({ step }) => step.startsWith('wait nodes/'))?.step,
    UNHURRIED,
  );

const untilPoolIs = (name: string, state: string): Promise<true> =>
  waitFor(
    `${name} to be ${state}`,
    async () => ((await pool(name)).status?.state === state ? true : undefined),
    UNHURRIED,
  );

const entityId = async (): Promise<string> => {
  const { namespace, name, uid } = (await cluster()).metadata;
  return `awscluster/${namespace}/${name}/${uid}`;
};

/** The one schedule that there is: made again within a minute after Temporal lost it. */
const sweepSchedule = (): Promise<string> =>
  waitFor(
    'the schedule of the sweeps',
    async () => {
      const listed = await succeed('schedules', sandbox.temporal(['schedule', 'list', '-o', 'json']));
      return (JSON.parse(listed) as readonly { readonly scheduleId: string }[])[0]?.scheduleId;
    },
    UNHURRIED,
  );

type Instance = { readonly id: string; readonly state: string; readonly asg: string | null };

const machines = async (): Promise<readonly Instance[]> => {
  const all = (await readJson(`${sandbox.status().aws.endpoint}/_sim/instances`)) as readonly Instance[];
  return all.filter(({ state }) => state === 'running');
};

/** A machine of a node pool: the same one as long as it runs. */
const poolMachine = async (): Promise<Instance> => {
  const running = await machines();
  const found = running.find(({ asg }) => POOL_GROUP.test(asg ?? ''));
  if (found === undefined) throw new Error(`No machine of a node pool runs: ${JSON.stringify(running)}`);
  return found;
};

/** The only machine of a pool, while nothing happens to it. */
const machineOf = async (name: string): Promise<string> => {
  const { nodePoolID = '' } = (await pool(name)).status ?? {};
  const [machine, ...others] = (await machines()).filter(({ asg }) => asg?.endsWith(nodePoolID));
  if (machine === undefined || others.length > 0) throw new Error(`${name} has ${others.length} machines besides one.`);
  return machine.id;
};

const untilTrue = (what: string, holds: (now: Cluster) => boolean): Promise<true> =>
  waitFor(what, async () => (holds(await cluster()) ? true : undefined), UNHURRIED);

const blockedSteps = ({ status }: Cluster): readonly string[] =>
  (status?.lastOperation?.steps ?? []).filter(({ state }) => state === 'blocked').map(({ step }) => step);

/** By status, which says that a new operation runs, and by the operation itself, which knows first what is tried again. */
const untilVolumesAreBlocked = (): Promise<true> =>
  waitFor(
    'three volumes to be blocked',
    async () => {
      const now = await cluster();
      if (now.status?.lastOperation?.state !== 'running' || blockedSteps(now).length !== 3) return undefined;
      const operation = ['-w', `${await entityId()}/operation`, '--type', 'getState', '-o', 'json'];
      const { stdout } = await sandbox.temporal(['workflow', 'query', ...operation]);
      return stdout.match(/"state":\s*"blocked"/g)?.length === 3 ? true : undefined;
    },
    UNHURRIED,
  );

const isTrue = ({ status }: Cluster, type: string): boolean =>
  (status?.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

const untilReady = (): Promise<true> => untilTrue('the cluster to be ready', (now) => isTrue(now, 'Ready'));

const describeNow = async (): Promise<string> => succeed('describe', sandbox.slipway(['clusters', 'describe', NAME]));

const untilTold = (text: string): Promise<true> =>
  waitFor(
    `describe to say "${text}"`,
    async () => ((await describeNow()).includes(text) ? true : undefined),
    UNHURRIED,
  );

const documented = (section: string): readonly string[] =>
  allCommands()
    .filter((one) => one.page === PAGE && one.section === section)
    .map(({ text }) => text);

const follow = (section: string, settings?: SectionSettings): Promise<void> =>
  documentation.section(PAGE, section, settings);

beforeAll(async () => {
  // Nothing is tried again by itself while somebody is about to say so.
  sandbox = await startSandbox({ SLIPWAY_RETRY_SECONDS: '1800' }, { stub: true });
  documentation = await documentationIn(sandbox, {
    '<name>': () => NAME,
    '<pool>': () => POOL,
    '<file>': () => MANIFEST,
    '<wait>': () => nodesAwaited(POOL),
    '<schedule>': sweepSchedule,
    '<entity>': entityId,
    '<operation>': async () => `${await entityId()}/operation`,
    '<step>': async () => blockedSteps(await cluster())[0] ?? '',
    '<group>': async () => (await poolMachine()).asg ?? '',
    '<machine>': async () => (await poolMachine()).id,
    // Taken back to what it is: what a change does is tried in `test/journeys/control-plane-update.trial.test.ts`.
    '<type>': async () => (await cluster()).spec?.controlPlane?.instanceType ?? '',
    '<machines>': async () => (await poolMachine()).id,
    '<metrics>': () => sandbox.status().metrics,
  });
  // The page says that its reader has followed this.
  await documentation.section('docs/quick-start.md', '1-start-the-sandbox');
});

afterAll(async () => {
  documentation?.end();
  await sandbox?.end();
});

describe('somebody who follows the page about operations', () => {
  const FAULT =
    'npm run sandbox -- fault error --service ec2 --operation CreateVolume --code UnauthorizedOperation --count 100';
  const RESUME = 'slipway operations resume cluster <name>';
  const CURE = 'npm run sandbox -- fault clear';

  test('sees a step that waits for a person, from every side', async () => {
    await documentation.run(FAULT);
    await succeed('apply', sandbox.kubectl(['apply', '-f', MANIFEST]));
    await untilVolumesAreBlocked();
    expect(await describeNow()).toContain('waits for a person');
    await follow('something-is-stuck', { later: [CURE] });
  });

  test('has steps tried again, by the command line, in Temporal and by annotation', async () => {
    for (const command of documented('try-a-step-again-now')) {
      await untilVolumesAreBlocked();
      await documentation.run(command);
    }
  });

  test('holds the operation, and lets it go on', async () => {
    await untilVolumesAreBlocked();
    await follow('hold-an-operation', { later: [RESUME] });
    await untilTold('aused');
    await documentation.run(RESUME);
    await untilVolumesAreBlocked();
  });

  test('stops the operation, in both ways, and has it begin again', async () => {
    for (const command of documented('stop-an-operation').filter((one) => one !== RESUME)) {
      await untilVolumesAreBlocked();
      await documentation.run(command);
      await untilTrue('the operation to be aborted', ({ status }) => status?.lastOperation?.state === 'aborted');
      await untilTold('aborted');
      await documentation.run(RESUME);
    }
  });

  test('cures the cause, and skips the wait for nodes that never join', async () => {
    await untilVolumesAreBlocked();
    await documentation.run(CURE);
    await documentation.run('npm run sandbox -- fault absent-nodes');
    await documentation.run('slipway operations retry cluster <name>');
    await untilReady();
    await nodesAwaited(POOL);
    await follow('go-on-without-a-step');
    await untilPoolIs(POOL, 'Provisioned');
  });

  test('takes an activity in hand with Temporal’s own commands', async () => {
    const manifest = await readFile(MANIFEST, 'utf8');
    const another = (manifest.split(/^---$/m).find((one) => one.includes(`name: ${POOL}`)) ?? '').replace(
      POOL,
      ANOTHER,
    );
    await succeed('apply', sandbox.kubectl(['apply', '-f', '-'], { input: another }));
    const activity = await nodesAwaited(ANOTHER);
    const { namespace, uid } = (await pool(ANOTHER)).metadata;
    const filled = { '<operation>': `awsnodepool/${namespace}/${ANOTHER}/${uid}/operation`, '<activity>': activity };
    for (const command of documented('take-one-activity-in-hand')) {
      // Between two looks there is no activity that could be taken in hand.
      await waitFor(command, async () => (await documentation.run(command, { with: filled })) || 'done', UNHURRIED);
    }
    await untilPoolIs(ANOTHER, 'Provisioned');
    await succeed('fault clear', sandbox.sandbox('fault', 'clear'));
  });

  test('has an object looked at again that is blocked, for want of a right to list volumes', async () => {
    const [retry, signal] = documented('an-object-is-blocked-and-no-operation-runs');
    const deny = ['--service', 'ec2', '--operation', 'DescribeVolumes', '--code', 'UnauthorizedOperation'];
    await succeed('fault', sandbox.sandbox('fault', 'error', ...deny, '--count', '1000'));
    await documentation.run(signal ?? '');
    await untilTrue('the object to be blocked', (now) => isTrue(now, 'Stalled'));
    await succeed('fault clear', sandbox.sandbox('fault', 'clear'));
    await documentation.run(retry ?? '');
    await untilTrue('it to be so no more', (now) => !isTrue(now, 'Stalled'));
  });

  test('takes the worker away, is told so, and brings it back', async () => {
    const start = 'npm run sandbox -- start slipway-worker';
    await follow('the-worker-is-down', { later: [start] });
    await untilTold('No worker answers');
    await documentation.run(start);
    await waitFor(
      'describe to be answered again',
      async () => ((await describeNow()).includes('No worker answers') ? undefined : true),
      UNHURRIED,
    );
  });

  test('takes the watcher away and brings it back', async () => {
    await follow('the-watcher-is-down');
    await untilReady();
  });

  test('throws Temporal’s data away, and finds everything as it was', async () => {
    await follow('temporal-is-down-or-has-lost-its-data');
    await waitFor(
      'the entity to be there again',
      async () =>
        (await sandbox.temporal(['workflow', 'describe', '-w', await entityId()])).code === 0 ? true : undefined,
      UNHURRIED,
    );
    await untilReady();
  });

  test('sees a change wait for a word, and lets it begin', async () => {
    const spec = { updatePolicy: { mode: 'Manual' }, maxPodsPerNode: 40 };
    const patch = ['--type', 'merge', '-p', JSON.stringify({ spec })];
    const before = await machineOf(POOL);
    await succeed('patch', sandbox.kubectl(['patch', 'awsnodepool', POOL, ...patch]));
    await waitFor(
      'the change to wait',
      async () =>
        (await pool(POOL)).status?.conditions?.some(({ reason }) => reason === 'WaitsForWord') === true || undefined,
      UNHURRIED,
    );
    expect(await machineOf(POOL)).toBe(before);
    const [why = '', resume = ''] = documented('a-change-waits-for-its-window');
    expect(await documentation.run(why)).toContain('1 machine waits to be replaced until somebody lets it begin');
    // Another section has the same command: it is typed here all the same.
    await documentation.run(resume);
    await waitFor(
      'another machine to be in its place',
      async () => (await machines()).every(({ id }) => id !== before) || undefined,
      UNHURRIED,
    );
    await untilPoolIs(POOL, 'Provisioned');
  });

  test('makes a launch fail and kills a machine, whose group starts another all the same', async () => {
    const { id, asg } = await poolMachine();
    await follow('aws-has-no-capacity');
    await follow('a-machine-died');
    await waitFor(
      'another machine in its place',
      async () => (await machines()).some((one) => one.asg === asg && one.id !== id) || undefined,
      UNHURRIED,
    );
  });

  test('reads logs until Ctrl-C, and metrics', async () => {
    const logs = 'npm run sandbox -- logs slipway-worker -f';
    await follow('settings-logs-and-metrics', { how: { [logs]: { until: /"component":"worker"/ } } });
    expect(await documentation.run('curl --silent <metrics>')).toContain('slipway_steps_total');
  });

  test('plans an upgrade of a cluster that rests', async () => {
    await untilTrue('the cluster to be provisioned', ({ status }) => status?.state === 'Provisioned');
    await follow('plan-an-upgrade');
  });

  test('runs what is left of the page', async () => {
    const sections = new Set(allCommands().flatMap(({ page, section }) => (page === PAGE ? [section] : [])));
    for (const section of sections) if (section !== 'delete-a-cluster') await follow(section);
  });

  test('deletes the cluster', async () => {
    await follow('delete-a-cluster');
    const left = await succeed('get', sandbox.kubectl(['get', 'awsclusters,awsnodepools', '-o', 'name']));
    expect(left).toBe('');
  });

  test('has run every command of it', () => {
    expect(documentation.notRun(PAGE)).toEqual([]);
  });
});

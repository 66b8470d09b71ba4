/**
 * Twelve situations, from four sides: what is stuck says within a minute what is stuck, since when, why, and which commands
 * move it on; the commands work as printed; and when the cause goes away it goes on by itself.
 *
 * One stub sandbox for all. The worker is away while the situations are arranged, so that all of them begin together. What happens to
 * a node pool that lives comes after them.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { controlPlaneName } from '../../api/names.ts';
import { type Inside, insideOf } from '../../bench/faults/inside.ts';
import { folders, type SandboxLayout } from '../../sandbox/layout.ts';
import { promtool } from '../support/promtool.ts';
import { type SandboxForTests, startSandbox } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { blockedLine, kindOfStep, RESOURCES, type StuckStep, sidesOf } from './sides.ts';
import { type Sightings, watchSides } from './sightings.ts';
import { manifestOf, type Prepared, type Situation, type Subject, subjectOf } from './situation.ts';
import { SITUATIONS } from './situations.ts';
import { togetherIn } from './together.ts';
import { type World, worldOf } from './world.ts';

/** All begin at once, and are read one after the other: the minute is counted by `sightings.ts`, for each by itself. */
const MINUTE_MS = 60_000;

let sandbox: SandboxForTests;
let world: World;
let sides: ReturnType<typeof sidesOf>;
let sightings: Sightings;
/** The longest that a side took to show what was stuck, in milliseconds. */
const longest = new Map<string, number>();
const ids = new Map<string, string>();
const prepared = new Map<string, Prepared>();

const idOf = ({ cluster }: Situation): string => ids.get(cluster) ?? '';
const subject = (situation: Situation): Subject => subjectOf(situation, idOf(situation));

/** Whether a text holds another one, however it is wrapped. */
const flat = (text: string): string => text.replaceAll(/[\s│├└─>|]+/g, ' ');

/** Empty where there is no such object. */
const state = async ({ kind, name }: Subject): Promise<string> => {
  const found = await sandbox.objects().find<{ status?: { state?: string } }>(RESOURCES[kind], name);
  return found === undefined ? '' : (found.status?.state ?? 'none yet');
};

const untilStuck = (about: Subject, step: string, why: RegExp): Promise<StuckStep> =>
  waitFor(
    `${about.name} says that ${step} is stuck`,
    async () => (await sides.stuck(about)).find((one) => one.step.startsWith(step) && why.test(one.message)),
    UNHURRIED,
  );

const untilProvisioned = (about: Subject): Promise<true> =>
  waitFor(
    `${about.name} is provisioned`,
    async () => ((await state(about)) === 'Provisioned' ? true : undefined),
    UNHURRIED,
  );

/** The operation of an object, or its entity where none runs. */
const workflowIn = ({ commands = [] }: StuckStep): string =>
  /--workflow-id '([^']+)'/.exec(commands.join('\n'))?.[1] ?? '';

/** Where `others` are stuck, too, any of them may be the one that the search attribute holds. */
const expectFourSides = async (
  about: Subject,
  stuck: StuckStep,
  why: RegExp,
  others: 'none' | 'others' = 'none',
): Promise<void> => {
  const { step, since, commands = [] } = stuck;
  expect(commands.length).toBeGreaterThan(0);
  expect(Date.parse(since)).toBeLessThanOrEqual(Date.now());

  const described = flat(await sides.kubectl(about));
  expect(described).toContain(step);
  expect(described).toContain(since);
  expect(described).toMatch(why);
  for (const command of commands) expect(described).toContain(flat(command));

  const cluster = about.kind === 'AWSCluster' ? about.name : about.name.replace(/-pool$/, '');
  const told = flat(await sides.slipway({ name: cluster }));
  expect(told).toContain(step);
  expect(told).toMatch(why);
  expect(told).toMatch(/slipway operations retry/);

  const workflowId = workflowIn(stuck);
  const query = others === 'none' ? `SlipwayBlockedStep = "${step}"` : 'SlipwayBlockedStep IS NOT NULL';
  await waitFor(
    `a list of ${query} has ${workflowId}`,
    async () => ((await sides.found(query)).includes(workflowId) ? true : undefined),
    UNHURRIED,
  );
  const details = flat(await sides.details(workflowId));
  expect(details).toContain(step);
  expect(details).toMatch(why);
  expect(details).toContain(since.slice(0, 16));
  expect(details).toContain('temporal workflow update execute');

  const kind = kindOfStep(step);
  const line = new RegExp(blockedLine(kind, stuck.verdict), 'm');
  await waitFor(
    `the metrics count ${kind} with verdict ${stuck.verdict}`,
    async () => (line.test(await sides.metrics()) ? true : undefined),
    UNHURRIED,
  );
};

/** From each side it was to be seen within a minute of when it was stuck, whenever this test came to look. */
const expectWithinAMinute = async ({ kind, name }: Subject, stuck: StuckStep): Promise<void> => {
  const seen = await waitFor(
    `${name} is seen to be stuck from all sides`,
    () => {
      const now = Object.entries(sightings.of(stuck, `${kind} ${name}`, workflowIn(stuck)));
      if (now.every(([, at]) => at !== undefined)) return Promise.resolve(now);
      return Promise.reject(new Error(`seen: ${JSON.stringify(now)}; trouble: ${sightings.trouble().join('; ')}`));
    },
    UNHURRIED,
  );
  for (const [side, at = 0] of seen) {
    const took = at - Date.parse(stuck.since);
    longest.set(side, Math.max(longest.get(side) ?? 0, took));
    expect({ side, withinAMinute: took <= MINUTE_MS, took }).toEqual({ side, withinAMinute: true, took });
  }
};

const expectCommandsToWork = async ({ commands = [] }: StuckStep): Promise<void> => {
  for (const command of commands) {
    const { code, stdout, stderr } = await sides.type(command);
    expect({ command, code, said: code === 0 ? '' : stdout + stderr }).toEqual({ command, code: 0, said: '' });
  }
};

beforeAll(async () => {
  sandbox = await startSandbox(
    {
      SLIPWAY_SETTLE_SECONDS: '1',
      SLIPWAY_RETRY_SECONDS: '2',
      SLIPWAY_RETRY_MAX_SECONDS: '8',
      SLIPWAY_OVERDUE_SECONDS: '10',
    },
    { stub: true },
  );
  world = worldOf(sandbox);
  sides = sidesOf(sandbox);
  sightings = watchSides(sandbox, sides);
  await world.command('stop', 'slipway-worker');
  for (const situation of SITUATIONS) {
    const { spec = {}, ...ready } = await situation.prepare(world);
    prepared.set(situation.cluster, ready);
    await world.apply(manifestOf(situation, spec));
    const id = await world.clusterId(situation.cluster);
    ids.set(situation.cluster, id);
    await ready.arrange?.(id);
  }
  await world.command('start', 'slipway-worker');
});

afterAll(async () => {
  await sightings?.end();
  const text = [...longest].map(([side, took]) => `${side} ${(took / 1_000).toFixed(1)} s`).join(', ');
  console.info(`Longest from stuck to seen: ${text}`);
  world?.close();
  await sandbox?.end();
});

describe('within a minute kubectl, slipway, Temporal and a metric say what is stuck, since when and why, and what moves it on, when', () => {
  test.each(SITUATIONS)('$title', async (situation) => {
    const stuck = await untilStuck(subject(situation), situation.step, situation.why);
    expect(stuck.verdict).toBe(situation.verdict);
    await expectFourSides(subject(situation), stuck, situation.why);
    await expectWithinAMinute(subject(situation), stuck);
  });
});

describe('all of them together', () => {
  test('are what the lists find, and one query of Temporal', async () => {
    const together = togetherIn(sandbox, sides);
    const clusters = SITUATIONS.filter(({ pool }) => pool !== true).map(({ cluster }) => cluster);
    const names = SITUATIONS.map((situation) => subject(situation).name);
    await together.untilFound('clusters', clusters);
    await together.untilFound('operations', names);
    await together.untilFound('query', names);
  });

  const program = promtool();
  const withPromtool = program === undefined ? test.skip : test;
  const skipped = program === undefined ? ' (skipped: this computer has no promtool)' : '';
  withPromtool(`are what one alert fires for, on the page that their worker serves${skipped}`, () =>
    togetherIn(sandbox, sides).expectAlerts(program ?? '', SITUATIONS.map(subject)),
  );
});

describe('the commands that it prints work as printed when', () => {
  test.each(SITUATIONS)('$title', async (situation) => {
    const about = subject(situation);
    const stuck = await untilStuck(about, situation.step, situation.why);
    await expectCommandsToWork(stuck);
  });
});

describe('it goes on by itself once the cause has gone, when', () => {
  beforeAll(async () => {
    for (const situation of SITUATIONS) await prepared.get(situation.cluster)?.cure(idOf(situation));
  });

  test.each(SITUATIONS)('$title', (situation) => untilProvisioned(subject(situation)));
});

describe('a security group that is deleted by hand while its cluster is made', () => {
  const situation: Situation = {
    title: '',
    cluster: 'no-group',
    step: 'ensure security-group-rules/controlplane',
    verdict: 'retry',
    why: /refers to something that is not there|does not exist/,
    prepare: () => Promise.resolve({ cure: () => Promise.resolve() }),
  };

  test('is named from four sides, and made again with all that refers to it', async () => {
    const users = ['AuthorizeSecurityGroupIngress', 'CreateNetworkInterface', 'CreateLoadBalancer'];
    for (const operation of users) await world.refuseAll(operation);
    await world.apply(manifestOf(situation, {}));
    const id = await world.clusterId(situation.cluster);
    ids.set(situation.cluster, id);
    const about = subject(situation);
    await untilStuck(about, situation.step, /AuthorizeSecurityGroupIngress/);
    const group = await world.securityGroup(controlPlaneName(id));
    await world.deleteSecurityGroup(group ?? '');
    await world.permitAll();
    const stuck = await untilStuck(about, situation.step, situation.why);
    await expectFourSides(about, stuck, situation.why, 'others');
    await untilProvisioned(about);
    expect(await world.securityGroup(controlPlaneName(id))).not.toBe(group);
  });
});

describe('a permission that a delete needs', () => {
  const situation = SITUATIONS[0] as Situation;
  const why = /AutoScaling DeleteAutoScalingGroup: AccessDenied/;

  test('is named from four sides while it is missing, its commands work, and the delete ends by itself once it is given', async () => {
    const about = subject(situation);
    const group = `${idOf(situation)}-controlplane-0`;
    await world.refuse('DeleteAutoScalingGroup', { AutoScalingGroupName: group }, 'AccessDenied', 'is not authorized');
    await world.kubectl('delete', 'awscluster', about.name, '--wait=false');
    const stuck = await untilStuck(about, 'remove auto-scaling-group/controlplane-0', why);
    expect(stuck.verdict).toBe('blocked');
    await expectFourSides(about, stuck, why);
    await expectCommandsToWork(stuck);
    await world.permit('DeleteAutoScalingGroup');
    await waitFor('it is gone', async () => ((await state(about)) === '' ? true : undefined), UNHURRIED);
  });
});

describe('a node pool that lives', () => {
  const situation = SITUATIONS.find(({ pool }) => pool === true) as Situation;
  const patch = (spec: object): Promise<string> =>
    world.kubectl('patch', 'awsnodepool', subject(situation).name, '--type=merge', '-p', JSON.stringify({ spec }));
  const inside = (): Inside => {
    const { stub } = JSON.parse(readFileSync(folders(sandbox.home).layout, 'utf8')) as SandboxLayout;
    if (stub === undefined) throw new Error('this sandbox has stub machines');
    return insideOf(stub, idOf(situation));
  };
  const untilNodes = (count: number): Promise<true> =>
    waitFor(
      `${count} nodes, all open`,
      async () => {
        const nodes = await inside().nodes();
        return nodes.length === count && nodes.every(({ isReady, isClosed }) => isReady && !isClosed)
          ? true
          : undefined;
      },
      UNHURRIED,
    );

  test('names the budget by which no pod may leave the node that is to go, and goes on once it allows it', async () => {
    const about = subject(situation);
    await patch({ nodeCount: 2, maxNodeCount: 3, updateSettings: { drainSeconds: 1 } });
    await untilNodes(2);
    const pods = inside();
    await pods.begin('none may go');
    await patch({ nodeCount: 1 });
    const why = /not all pods have left node \S+: default\/web-\d \(.*budget web needs 2/;
    const stuck = await untilStuck(about, 'wait drain/', why);
    expect(stuck.verdict).toBe('blocked');
    await expectFourSides(about, stuck, why);
    await expectWithinAMinute(about, stuck);
    await expectCommandsToWork(stuck);
    await pods.loosen();
    await untilNodes(1);
    await untilProvisioned(about);
    expect((await pods.finish()).wrong).toEqual([]);
  });

  test('tells of a new node that never gets Ready, touches no other, and goes on once it does', async () => {
    const about = subject(situation);
    const [before] = await inside().nodes();
    await world.command('fault', 'absent-nodes', '--cluster', idOf(situation));
    await patch({ maxPodsPerNode: 90 });
    const why = /Waiting for the nodes that take the place of others: 0 of 1 ready/;
    const stuck = await untilStuck(about, 'wait nodes/', why);
    expect(stuck.verdict).toBe('overdue');
    await expectFourSides(about, stuck, why);
    await expectWithinAMinute(about, stuck);
    expect(await inside().nodes()).toEqual([before]);
    await world.command('fault', 'clear');
    await waitFor(
      'its machine is another one',
      async () => {
        const nodes = await inside().nodes();
        return nodes.length === 1 && nodes[0]?.maxPods === 90 ? true : undefined;
      },
      UNHURRIED,
    );
    await untilProvisioned(about);
  });
});

/**
 * The commands of the model: what people and faults do, each as a change of the model and of the world.
 *
 * Owns: which command makes sense when, and what it does to both. Neighbours: `model.ts`, `world.ts`; fast-check chooses.
 * After each command the world must agree with what is always true; what only becomes true is looked at in the end.
 */

import fc from 'fast-check';
import type { Row } from '../journeys/lifecycle.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';
import { pause } from '../support/waits.ts';
import { FIRST_POOL, type Kind, type Model, wrongInTheEnd, wrongNow } from './model.ts';
import type { AwsVerb, World } from './world.ts';

export type Real = {
  readonly world: World;
  readonly before: readonly Row[];
  /** Unique in the life of a sandbox: an annotation's token acts once. */
  readonly token: () => string;
  readonly log: (line: string) => void;
};

type Command = fc.AsyncCommand<Model, Real>;

/** What must never be so isn't so now. Thrice, since the account and the API server are not read at one moment. */
const agree = async ({ world, before }: Real): Promise<void> => {
  let wrong: readonly string[] = [];
  for (let look = 0; look < 3; look += 1) {
    wrong = wrongNow(await world.see(), before);
    if (wrong.length === 0) return;
    await pause(200);
  }
  throw new Error(wrong.join('; '));
};

const command = (
  name: string,
  allowed: (model: Model) => boolean,
  act: (model: Model, real: Real) => Promise<unknown>,
): Command => ({
  check: allowed,
  run: async (model, real) => {
    real.log(name);
    await act(model, real);
    await agree(real);
  },
  toString: () => name,
});

const always = (): boolean => true;
const anything = (model: Model): boolean => model.cluster !== 'absent' || model.pool !== 'absent';

const apply = (kind: Kind): Command =>
  command(
    `apply ${kind}`,
    (model) => model[kind] === 'absent',
    async (model, { world }) => {
      await world.apply(kind);
      model[kind] = 'wanted';
      if (kind === 'pool') Object.assign(model, FIRST_POOL);
    },
  );

const remove = (kind: Kind): Command =>
  command(
    `delete ${kind}`,
    (model) => model[kind] === 'wanted',
    async (model, { world }) => {
      const went = await world.remove(kind);
      model[kind] = 'going';
      // A cluster takes its pools along, unless it is gone before Slipway has seen it: then they wait for another.
      if (kind === 'cluster' && model.pool === 'wanted' && went === 'going') model.pool = 'going';
    },
  );

/** A pool whose nodes are to be more than its new maximum is to have as many as that. */
const edit = (maximum: number): Command =>
  command(
    `edit pool: at most ${maximum} nodes`,
    (model) => model.pool === 'wanted' && model.maxNodes !== maximum,
    async (model, { world }) => {
      const nodes = model.nodes === undefined ? undefined : Math.min(model.nodes, maximum);
      await world.edit({ maxNodeCount: maximum, ...(nodes === undefined ? {} : { nodeCount: nodes }) });
      Object.assign(model, { maxNodes: maximum, nodes });
    },
  );

/** Up, and down with drains. */
const scale = (nodes: number): Command =>
  command(
    `scale pool to ${nodes} nodes`,
    (model) => model.pool === 'wanted' && model.nodes !== nodes,
    async (model, { world }) => {
      const maxNodes = Math.max(model.maxNodes, nodes);
      await world.edit({ maxNodeCount: maxNodes, nodeCount: nodes });
      Object.assign(model, { maxNodes, nodes });
    },
  );

/** Its machines give way to others in turns; said again while they do, it is the way back. */
const replace = (pods: number): Command =>
  command(
    `edit pool: at most ${pods} pods a node`,
    (model) => model.pool === 'wanted' && model.pods !== pods,
    async (model, { world }) => {
      await world.edit({ maxPodsPerNode: pods });
      model.pods = pods;
    },
  );

const kill = (part: string): Command => command(`kill ${part}`, always, (_model, { world }) => world.kill(part));

const throttle = (count: number): Command =>
  command(`throttle ${count} calls`, anything, (_model, { world }) => world.fault({ kind: 'throttle', count }));

const loseAnswers = (count: number): Command =>
  command(`lose ${count} answers`, anything, (_model, { world }) => world.fault({ kind: 'lost-answer', count }));

const block = (operation: string): Command =>
  command(`block ${operation}`, anything, async (model, { world }) => {
    await world.fault({
      kind: 'error',
      operation,
      code: 'UnauthorizedOperation',
      message: 'You are not authorized to perform this operation.',
      status: 403,
      count: 10_000,
    });
    model.blocked = true;
  });

const unblock = (): Command =>
  command(
    'unblock',
    (model) => model.blocked,
    async (model, { world }) => {
      await world.clearFaults();
      model.blocked = false;
    },
  );

const say = (kind: Kind, verb: AwsVerb): Command =>
  command(
    `${verb} ${kind}`,
    (model) => model[kind] !== 'absent',
    (_model, { world, token }) => world.say(kind, verb, token()),
  );

const lose = (number: number): Command =>
  command(
    `lose a machine (${number})`,
    (model) => model.cluster === 'wanted',
    (_model, { world }) => world.loseInstance(number),
  );

/** Its machine runs as far as EC2 can tell, and no taking back cures it: another machine has to take its place. */
const hang = (number: number): Command =>
  command(
    `hang a node (${number})`,
    (model) => model.cluster === 'wanted' && model.pool === 'wanted' && !model.hung,
    async (model, { world }) => {
      model.hung = (await world.hangNode(number)) !== undefined;
    },
  );

const pass = (seconds: number): Command => command(`${seconds} s pass`, always, () => pause(seconds * 1_000));

/** Takes back whatever stands in the way, and waits until the world is as the model says. */
export const quiesce = async (model: Model, real: Real): Promise<void> => {
  const { world, before } = real;
  await world.clearFaults();
  model.blocked = false;
  for (const kind of ['cluster', 'pool'] as const) {
    await waitFor(
      `the ${kind} has heard what was said`,
      async () => (await world.hasHeard(kind)) || undefined,
      UNHURRIED,
    );
    await world.say(kind, 'resume', real.token());
  }
  let wrong: readonly string[] = [];
  await waitFor(
    'the world is as the model says',
    async () => {
      wrong = wrongInTheEnd(model, await world.see(), before);
      return wrong.length === 0 ? true : undefined;
    },
    UNHURRIED,
  ).catch((error: unknown) => {
    throw new Error(`In the end: ${wrong.join('; ')}`, { cause: error });
  });
  for (const kind of ['cluster', 'pool'] as const) if (model[kind] === 'going') model[kind] = 'absent';
  model.hung = false;
};

/** All is taken back, and it settles: what follows meets a living cluster, or none. */
const settle = (): Command => command('all settles', anything, quiesce);

const KINDS: readonly Kind[] = ['cluster', 'pool'];
const BLOCKED_OPERATIONS = [
  ...['CreateVolume', 'CreateLoadBalancer', 'CreateLaunchTemplate', 'CreateAutoScalingGroup'],
  ...['DeleteVolume', 'DeleteSecurityGroup', 'DeleteAutoScalingGroup'],
];

/** What fast-check chooses from, weighted by repetition: what begins a life comes often. */
export const COMMANDS: readonly fc.Arbitrary<Command>[] = [
  fc.constantFrom(apply('cluster'), apply('pool')),
  fc.constantFrom(apply('cluster'), apply('pool')),
  fc.constantFrom(...KINDS.map(remove)),
  fc.constantFrom(1, 2, 3).map(edit),
  fc.constantFrom(1, 2, 3).map(scale),
  fc.constantFrom(90, 100).map(replace),
  fc.constantFrom('slipway-worker', 'slipway-client').map(kill),
  fc.integer({ min: 1, max: 12 }).map(throttle),
  fc.integer({ min: 1, max: 3 }).map(loseAnswers),
  fc.constantFrom(...BLOCKED_OPERATIONS).map(block),
  fc.constant(unblock()),
  fc.constantFrom(
    ...KINDS.flatMap((kind) => (['retry', 'skip', 'pause', 'resume', 'abort'] as const).map((verb) => say(kind, verb))),
  ),
  fc.nat({ max: 9 }).map(lose),
  fc.nat({ max: 2 }).map(hang),
  fc.integer({ min: 1, max: 5 }).map(pass),
  fc.constant(settle()),
];

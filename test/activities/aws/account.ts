/**
 * An AWS account for tests of the AWS activities: the sandbox's own, with nothing in front of it but for who wants to see requests.
 *
 * Owns: starting and ending it, faults, its inventory, steps made of a topology's resources, and a runner that carries a
 * plan out one step after the other with the real drivers; what isn't AWS's is played by the smallest thing that can.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type AwsCall, type AwsClients, createAwsClients } from '../../../activities/aws/clients.ts';
import { type Aws, type AwsDrivers, awsResources } from '../../../activities/aws/resources.ts';
import type { StepOutcome, StepRequest } from '../../../activities/contract.ts';
import { ensureResource, type ResourceDriver, removeResource, waitForResource } from '../../../activities/driver.ts';
import { type Judgement, VerdictError, verdictOf } from '../../../activities/verdicts.ts';
import { clusterIdOf } from '../../../api/names.ts';
import type { ObjectRef, Owner } from '../../../api/object.ts';
import type { Found, Resource, ResourceKind } from '../../../kinds/resource.ts';
import { type Going, observed } from '../../../kinds/resource.ts';
import type { Outputs } from '../../../kinds/row.ts';
import type { SecretContent } from '../../../kinds/secret.ts';
import { type SecretData, secretFingerprint } from '../../../machine/envelope.ts';
import { type Known, resolved } from '../../../policy/known.ts';
import type { Plan, Step } from '../../../policy/plan.ts';
import { accountOf } from '../../../sandbox/aws/account.ts';
import { startMoto } from '../../../sandbox/aws/moto.ts';
import type { KeptRequest } from '../../../sandbox/aws/proxy/requests.ts';
import { startProxy } from '../../../sandbox/aws/proxy/server.ts';
import { ACCOUNT, type HostPort, REGION } from '../../../sandbox/layout.ts';
import { cacheFolder, ensureTools } from '../../../sandbox/tools/build.ts';
import type { ResourceKey } from '../../../words/keys.ts';
import { PLAN_VERSION, type StepVerb } from '../../../words/steps.ts';
import { waitFor } from '../../support/wait.ts';
import { noting } from '../../support/waits.ts';
import { CLUSTER_UID } from '../../topology/objects.ts';

/** Everything takes its time, but not much of it. */
const QUICK = {
  pending: 0.05,
  shutting_down: 0.1,
  volume_create: 0.05,
  volume_attach: 0.05,
  asg_launch: 0.1,
  asg_health: 0.1,
  nlb_provision: 0.1,
  nlb_eni_release: 0.2,
  // As it is once the API has answered, which nobody waits for here.
  target_registration: 0,
};

/** Tests count calls, and a busy computer is no reason to ask again. */
const PATIENT = { connectionMs: 300_000, requestMs: 300_000 };

const NETWORK = 77;

export type Row = { readonly kind: string; readonly id: string; readonly detail: Readonly<Record<string, unknown>> };

/** What is being done, for tests that count calls by it; `waiting` once it had to be tried again. */
export type Doing = { readonly what: 'observe' | ResourceKind; waiting?: boolean };

export const doing = new AsyncLocalStorage<Doing>();

export type TestAccount = {
  readonly endpoint: string;
  readonly clients: AwsClients;
  /** A worker's view: clients, memory and scope of its own. */
  readonly newWorker: () => Aws;
  readonly calls: (AwsCall & { readonly by?: Doing | undefined })[];
  /** Which calls that change something were made meanwhile, in order; of one that failed also how. */
  readonly mutations: (meanwhile: () => Promise<unknown>) => Promise<readonly string[]>;
  readonly fault: (fault: Readonly<Record<string, unknown>>) => Promise<void>;
  /** What Service Quotas answers from now on. */
  readonly quota: (code: string, value: number) => Promise<void>;
  /** Everything in the account that costs or holds something; terminated instances apart. */
  readonly rows: () => Promise<readonly Row[]>;
  readonly secrets: Map<string, SecretData>;
  /** What a deletion finds outside of AWS, by label. */
  readonly kept: Map<string, { readonly going: boolean }>;
  readonly end: () => Promise<void>;
};

const python = async (): Promise<string> => {
  const built = `${cacheFolder()}/venv/bin/python`;
  return existsSync(built) ? built : (await ensureTools()).python;
};

type AccountOptions = {
  /** Is told of each request as it was made. */
  readonly onRequest?: (request: KeptRequest) => void;
};

export const startAccount = (options: AccountOptions = {}): Promise<TestAccount> =>
  noting('starting', 'account', () => openAccount(options));

const NO_RECORD = { add: () => undefined, since: () => ({ next: 0, calls: [] }), close: () => Promise.resolve() };

/** The sandbox's proxy in front of an account, which tells what is asked. */
const watched = async (moto: HostPort, keep: (request: KeptRequest) => void) => {
  const requests = { keep, close: () => undefined };
  const { address, close } = await startProxy({
    ...{ listen: { host: '127.0.0.1', port: 0 }, moto, record: NO_RECORD, requests, accounts: {} },
  });
  return { address, close };
};

const openAccount = async ({ onRequest }: AccountOptions): Promise<TestAccount> => {
  const moto = await startMoto({
    python: await python(),
    listen: { host: '127.0.0.1', port: 0 },
    account: accountOf(NETWORK),
    targetHealth: 'assumed',
    timing: QUICK,
  });
  const front = onRequest === undefined ? undefined : await watched(moto.address, onRequest);
  const { host, port } = (front ?? moto).address;
  const endpoint = `http://${host}:${port}`;
  process.env['AWS_ENDPOINT_URL'] = endpoint;
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  const calls: TestAccount['calls'] = [];
  const clients = createAwsClients({
    region: REGION,
    timeouts: PATIENT,
    onCall: (call) => calls.push({ ...call, by: doing.getStore() }),
  });
  const secrets = new Map<string, SecretData>();
  const control = async (path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/_sim/${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return answer.json();
  };
  const kept = new Map<string, { readonly going: boolean }>();
  return {
    endpoint,
    clients,
    calls,
    mutations: async (meanwhile) => {
      const before = calls.length;
      await meanwhile();
      return calls
        .slice(before)
        .filter(({ mutating }) => mutating)
        .map(({ operation, code }) => (code === 'OK' ? operation : `${operation} ${code}`));
    },
    secrets,
    kept,
    newWorker: () =>
      awsResources(clients, {
        emptyMachine: () => Promise.resolve(),
        keptElsewhere: async () => [...kept].map(([label, { going }]) => ({ label, going })),
        readSecret: ({ name }) => {
          const data = secrets.get(name);
          return data === undefined ? Promise.reject(new Error(`no Secret ${name}`)) : Promise.resolve(data);
        },
      }),
    fault: async (fault) => void (await control('fault', fault)),
    quota: async (code, value) => void (await control('quota', { code, value })),
    rows: async () => {
      const all = (await control('inventory')) as Row[];
      return all.filter((row) => row.kind !== 'instance' || row.detail['state'] !== 'terminated');
    },
    end: async () => {
      clients.destroy();
      await front?.close();
      await moto.stop();
    },
  };
};

export const CLUSTER: ObjectRef = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: CLUSTER_UID };
export const CLUSTER_ID = clusterIdOf(CLUSTER_UID);

/** An object of that cluster, or of the one that it names. */
export type OfCluster = ObjectRef & { readonly clusterId?: string };

export const ownerOf = ({ uid, clusterId = CLUSTER_ID }: OfCluster): Owner => ({
  account: ACCOUNT,
  region: REGION,
  clusterId,
  uid,
});

/** A request for one step; references in its resource replaced by what is known. */
export const requestFor = (
  step: {
    readonly verb: StepVerb;
    /** A resource says all by which it is found, so that it stands for one to be removed as well. */
    readonly resource: Resource | Going;
    readonly id?: string;
    readonly needs?: readonly string[];
    readonly found?: Found;
    readonly incarnation?: number;
  },
  options: {
    readonly object?: OfCluster;
    readonly known?: Known;
    readonly first?: boolean;
    readonly owner?: Owner;
  } = {},
): StepRequest => {
  const { object = CLUSTER, known = {}, first = true } = options;
  const properties = resolved(step.resource.properties, known);
  if (properties === undefined) throw new Error(`${step.resource.key} refers to something unknown.`);
  return {
    object,
    owner: options.owner ?? ownerOf(object),
    entityId: 'test',
    plan: PLAN_VERSION,
    step: {
      id: `${step.verb} ${step.resource.key}`,
      needs: [],
      ...step,
      resource: { ...step.resource, properties },
    } as Step,
    first,
  };
};

const AWS_KINDS: Readonly<Partial<Record<ResourceKind, true>>> = {
  preflight: true,
  'subnet-tags': true,
  'security-group': true,
  'security-group-rules': true,
  'etcd-volume': true,
  'network-interface': true,
  'load-balancer': true,
  'target-group': true,
  targets: true,
  listener: true,
  'launch-template': true,
  'auto-scaling-group': true,
  established: true,
};

const driverOf = (drivers: AwsDrivers, kind: ResourceKind): ResourceDriver<ResourceKind> | undefined =>
  Object.hasOwn(drivers, kind) ? (drivers as Readonly<Record<string, ResourceDriver<ResourceKind>>>)[kind] : undefined;

/** Whether a kind has its driver here: the account is awaited rather than made. */
export const isAws = (kind: ResourceKind): boolean => Object.hasOwn(AWS_KINDS, kind);

/** One execution of a step by the real driver of its kind. */
export const perform = (aws: Aws, request: StepRequest, since = Date.now()): Promise<StepOutcome> => {
  const driver = driverOf(aws.drivers, request.step.resource.kind);
  if (driver === undefined) throw new Error(`${request.step.resource.kind} is not AWS's.`);
  const context = { signal: new AbortController().signal, since };
  const { step } = request;
  switch (step.verb) {
    case 'ensure':
      return ensureResource(driver, { ...request, step }, context);
    case 'remove':
      return removeResource(driver, { ...request, step }, context);
    case 'wait':
      return waitForResource(driver, { ...request, step }, context);
  }
};

type SecretResource = Extract<Resource, { kind: 'secret' }>;

const secretOutputs = ({ properties }: SecretResource, data: SecretData): Outputs => ({
  name: properties.name,
  fingerprint: secretFingerprint(data),
  certificate: data['tls.crt'] ?? '',
});

/** Of the form and the length of a certificate. */
const certificateOf = (name: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(name.padEnd(480, '.')).toString('base64')}\n-----END CERTIFICATE-----\n`;

/** What the management API would hold: text that is as long as PEM, and that nothing else contains. */
export const playSecret = (account: TestAccount, resource: SecretResource): Outputs => {
  const { name, content } = resource.properties;
  const secret = randomBytes(180).toString('base64');
  const made: Readonly<Record<SecretContent['type'], SecretData>> = {
    'certificate-authority': { 'tls.crt': certificateOf(name), 'tls.key': secret },
    'signing-key': { key: secret, public: `public key of ${name}` },
    'ssh-key': { 'ssh-privatekey': secret, 'ssh-publickey': `public key of ${name}` },
    'bootstrap-token': { token: secret.slice(0, 23) },
  };
  const data = account.secrets.get(name) ?? made[content.type];
  account.secrets.set(name, data);
  return secretOutputs(resource, data);
};

export const untilDone = async (perform: (first: boolean) => Promise<StepOutcome>): Promise<StepOutcome> => {
  let first = true;
  const ended = await waitFor('a step to be done, or to fail for good', async () => {
    try {
      return { outcome: await perform(first) };
    } catch (error) {
      const { verdict, message } = verdictOf(error);
      if (verdict === 'retry') throw error;
      return { failed: error instanceof VerdictError ? error : new Error(message) };
    } finally {
      first = false;
    }
  });
  if ('failed' in ended) throw ended.failed;
  return ended.outcome;
};

/** Steps that stand beside each other, are of one kind and don't need each other: a worker carries them out at the same time. */
const besideEachOther = (steps: readonly Step[]): readonly (readonly Step[])[] => {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    const isAlike = last?.every(({ id, resource }) => resource.kind === step.resource.kind && !step.needs.includes(id));
    if (last !== undefined && isAlike === true) last.push(step);
    else groups.push([step]);
  }
  return groups;
};

/** Carries a plan out, in order, and answers the outputs of all its steps. */
export const carryOut = async (
  account: TestAccount,
  aws: Aws,
  plan: Plan,
  object: OfCluster,
): Promise<Record<ResourceKey, Outputs>> => {
  const known: Record<ResourceKey, Outputs> = { ...plan.known };
  const done = async (step: Step): Promise<void> => {
    const { resource } = step;
    if (step.verb === 'ensure' && step.resource.kind === 'secret') {
      known[resource.key] = playSecret(account, step.resource);
    } else if (driverOf(aws.drivers, resource.kind) !== undefined) {
      const since = Date.now();
      const outcome = await untilDone((first) => perform(aws, requestFor(step, { object, known, first }), since));
      known[resource.key] = outcome.outputs;
    }
  };
  for (const steps of besideEachOther(plan.steps)) await Promise.all(steps.map(done));
  return known;
};

/** What the management API's own inventory would add. */
export const foundInManagement = (account: TestAccount, resources: readonly Resource[]): Found[] =>
  resources.flatMap((resource): Found[] => {
    if (resource.kind === 'finalizer') return [observed('finalizer', resource.key, {}, {})];
    if (resource.kind === 'hub-membership') {
      return [observed('hub-membership', resource.key, { name: resource.properties.name }, {})];
    }
    if (resource.kind !== 'secret') return [];
    const data = account.secrets.get(resource.properties.name);
    return data === undefined ? [] : [observed('secret', resource.key, secretOutputs(resource, data), {})];
  });

/** The verdict on what a promise throws; it must throw. */
export const judged = async (what: Promise<unknown>): Promise<Judgement> => {
  try {
    await what;
  } catch (error) {
    return verdictOf(error);
  }
  throw new Error('nothing was thrown');
};

/** What stands for resources in the account; instances, and what comes with them, come and go by themselves. */
export const stable = (rows: readonly Row[]): string[] =>
  rows
    .filter((row) => row.kind !== 'instance' && row.detail['description'] !== 'Primary network interface')
    .filter((row) => row.kind !== 'volume' || Object.keys((row.detail['tags'] ?? {}) as object).length > 0)
    .map((row) => `${row.kind} ${row.id}`);

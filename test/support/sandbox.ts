/**
 * A whole sandbox for one test file, with a home of its own.
 *
 * Owns: starting it, ways to ask it, and ending it with nothing left, also when the tests' process is killed. Neighbours:
 * the command line is the real one, as a person types it; `../judge/` says at the end of a sandbox that was started here whether
 * real AWS would have taken what was asked of its.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askedOnce, type RecordedCall } from '../../sandbox/aws/proxy/call.ts';
import { type SandboxStatus, statusNow } from '../../sandbox/commands/status.ts';
import { folders } from '../../sandbox/layout.ts';
import { judgedIn } from '../judge/sandbox.ts';
import { readJson } from './http.ts';
import { type ObjectsOf, objectsIn } from './objects.ts';
import { noting } from './waits.ts';
import { type WorkflowsOf, workflowsIn } from './workflows.ts';

export const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

type RunOptions = {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly uid?: number;
  readonly cwd?: string;
};

/** kubectl waits until what it deletes is gone, unless it is told not to. */
const waitsForDeletion = (args: readonly string[]): boolean =>
  args.includes('delete') && !args.includes('--wait=false') && !args.includes('--dry-run=server');

/** A failure is an answer here, not an exception. */
export const run = (file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  noting(waitsForDeletion(args) ? 'deleting' : 'commands', [basename(file), ...args].join(' ').slice(0, 120), () =>
    execute(file, args, options),
  );

const execute = (file: string, args: readonly string[], options: RunOptions): Promise<Ran> =>
  new Promise((resolve) => {
    const { env = process.env, input, uid, cwd } = options;
    const child = execFile(
      file,
      args,
      {
        env,
        maxBuffer: 64 << 20,
        ...(uid === undefined ? {} : { uid, gid: uid }),
        ...(cwd === undefined ? {} : { cwd }),
      },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr }),
    );
    // Who doesn't read its input says how that ended by its status.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });

/** Its standard output, or an error that shows everything. */
export const succeed = async (what: string, ran: Promise<Ran>): Promise<string> => {
  const { code, stdout, stderr } = await ran;
  if (code !== 0) throw new Error(`${what} ended with status ${code}:\n${stdout}\n${stderr}`);
  return stdout;
};

/** Who runs the commands, and from which checkout. */
export type By = { readonly uid?: number; readonly checkout?: string; readonly node?: string };

export type SandboxForTests = {
  readonly home: string;
  /** `npm run sandbox -- …`, without npm. */
  readonly sandbox: (...args: readonly string[]) => Promise<Ran>;
  readonly status: () => SandboxStatus;
  /** The pid of a part that runs. */
  readonly pidOf: (part: string) => number;
  /** kubectl with the management API, or with another kubeconfig. */
  readonly kubectl: (
    args: readonly string[],
    options?: { readonly kubeconfig?: string; readonly input?: string; readonly env?: NodeJS.ProcessEnv },
  ) => Promise<Ran>;
  readonly slipway: (args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<Ran>;
  readonly temporal: (args: readonly string[]) => Promise<Ran>;
  /** Slipway's objects, read without kubectl by whoever polls. */
  readonly objects: () => ObjectsOf;
  /** Workflows, read without Temporal's command line by whoever polls. */
  readonly workflows: () => WorkflowsOf;
  /** Calls that reached AWS after the given one, each once; the number of the last so far comes with them. */
  readonly callsSince: (
    since: number,
    options?: { readonly mutating?: boolean },
  ) => Promise<{ readonly next: number; readonly calls: readonly RecordedCall[] }>;
  /** Fails if real AWS would have refused, or IAM denied, what was asked of the sandbox's so far. */
  readonly judge: () => Promise<void>;
  readonly end: () => Promise<void>;
};

/** Access to the sandbox in a home, whether it runs or not; its commands are run by the given user. */
export const sandboxIn = (home: string, settings: NodeJS.ProcessEnv = {}, by: By = {}): SandboxForTests => {
  const checkout = by.checkout ?? CHECKOUT;
  const env = { ...process.env, ...settings, SLIPWAY_HOME: home, SLIPWAY_ATTACHED_TO: String(process.pid) };
  const sandbox = (...args: readonly string[]) =>
    run(by.node ?? process.execPath, [`${checkout}/sandbox/main.ts`, ...args], {
      env,
      ...(by.uid === undefined ? {} : { uid: by.uid }),
    });
  const status = () => statusNow(home);
  let objects: ObjectsOf | undefined;
  return {
    home,
    sandbox,
    status,
    pidOf: (part) => {
      const found = status().parts.find(({ name }) => name === part);
      if (found === undefined || found.pid === null) throw new Error(`${part} does not run: ${JSON.stringify(found)}`);
      return found.pid;
    },
    kubectl: (args, options = {}) => {
      const { kubectl, kubeconfig } = status();
      return run(kubectl, ['--kubeconfig', options.kubeconfig ?? kubeconfig, ...args], {
        env: { ...process.env, ...options.env },
        ...(options.input === undefined ? {} : { input: options.input }),
      });
    },
    slipway: (args, more = {}) => run(status().slipway, args, { env: { ...process.env, ...more } }),
    temporal: (args) => {
      const { temporal } = status();
      return run(temporal.cli, [...args, '--address', temporal.address, '--namespace', temporal.namespace]);
    },
    objects: () => {
      objects ??= objectsIn(home);
      return objects;
    },
    workflows: () => workflowsIn(status().temporal.ui),
    callsSince: async (since, { mutating = false } = {}) => {
      const query = `since=${since}${mutating ? '&mutating=true' : ''}`;
      const record = await readJson(`${status().aws.endpoint}/_proxy/calls?${query}`);
      const { next, calls } = record as { next: number; calls: readonly RecordedCall[] };
      return { next, calls: askedOnce(calls) };
    },
    judge: async () => {
      const judged = await judgedIn(home);
      if (judged.length > 0) throw new Error(`Real AWS is not like the sandbox's:\n${judged.join('\n')}`);
    },
    end: () =>
      noting('ending', 'sandbox', async () => {
        objects?.close();
        await succeed('sandbox reset', sandbox('reset'));
        await rm(home, { recursive: true, force: true });
      }),
  };
};

/**
 * How late a sandbox of the tests knows what was just made, in seconds: security groups, launch templates, instance profiles.
 * Short, and longer than a step takes after the one that it needs: so every create meets it.
 */
const VISIBILITY_SECONDS = 0.5;

type Kind = { readonly stub?: boolean; readonly releases?: readonly string[] };

/**
 * Starts a sandbox of its own; settings are environment variables for its parts, such as SLIPWAY_SETTLE_SECONDS. `stub` makes
 * its machines objects of one process: much quicker, for whatever isn't about what machines do. It is in a hurry, too, unless
 * SLIPWAY_PACE says otherwise: what is about availability asks for AWS's pace (`journeys/availability.ts`). `releases` are versions
 * whose programs it has beside today's; whoever is the first on a computer waits until they are built.
 */
export const startSandbox = (settings: NodeJS.ProcessEnv = {}, options: Kind = {}): Promise<SandboxForTests> =>
  noting('starting', 'sandbox', () => bringUp(settings, options));

const bringUp = async (settings: NodeJS.ProcessEnv, { stub, releases = [] }: Kind): Promise<SandboxForTests> => {
  const usual = {
    SLIPWAY_PACE: 'quick',
    SLIPWAY_AWS_REQUESTS: 'kept',
    SLIPWAY_VISIBILITY_SECONDS: String(VISIBILITY_SECONDS),
  };
  const started = sandboxIn(await mkdtemp(join(tmpdir(), 'slipway-')), { ...usual, ...settings });
  try {
    const kind = [...(stub === true ? ['--stub'] : []), ...releases.flatMap((version) => ['--release', version])];
    await succeed('sandbox up', started.sandbox('up', '--detach', ...kind));
    return judgedAtItsEnd(started);
  } catch (error) {
    await started.end();
    throw error;
  }
};

/** What takes the account away, or all that is known of it. */
const endsTheAccount = ([command, part]: readonly string[]): boolean =>
  command === 'down' || (command === 'reset' && part === undefined);

/** Nothing that was asked of AWS goes unjudged, whichever way its sandbox ends. */
const judgedAtItsEnd = (started: SandboxForTests): SandboxForTests => {
  let judged = false;
  const judge = async (): Promise<void> => {
    const there = existsSync(folders(started.home).awsRequests);
    if (!there && !judged)
      throw new Error(`What was asked of AWS in ${started.home} is gone, and nobody has judged it.`);
    judged = true;
    if (there) await started.judge();
  };
  return {
    ...started,
    judge,
    sandbox: async (...args) => {
      if (endsTheAccount(args)) await judge();
      return started.sandbox(...args);
    },
    end: async () => {
      try {
        await judge();
      } finally {
        await started.end();
      }
    },
  };
};

/** Every recorded history replays on the workflow code of this checkout (I10), and the test can tell when one doesn't. */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import * as workflows from '../../workflows/index.ts';
import { currentRelease, type Recorded, recordedOf, releases, textsOf } from '../histories/store.ts';

const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
const all: readonly Recorded[] = releases().flatMap(recordedOf);

const bundleOf = (path: string): Promise<WorkflowBundle> =>
  bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL(path, import.meta.url)), logger: quiet });

let bundle: WorkflowBundle;
beforeAll(async () => {
  Runtime.install({ logger: quiet });
  bundle = await bundleOf('../../workflows/index.ts');
});

const startOf = ({ history }: Recorded) => history.events?.[0]?.workflowExecutionStartedEventAttributes;

/** What differs from what was recorded, by history; empty when all replay. */
const replay = async (
  recorded: readonly Recorded[],
  workflowBundle: WorkflowBundle = bundle,
): Promise<Readonly<Record<string, string>>> => {
  // A workflow makes ids of its own one, and a run replays under its own.
  const names = new Map(recorded.map((one) => [startOf(one)?.originalExecutionRunId, `${one.release} ${one.name}`]));
  const histories = recorded.map((one) => ({ workflowId: startOf(one)?.workflowId ?? one.name, history: one.history }));
  const failures: Record<string, string> = {};
  for await (const { workflowId, runId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    if (error !== undefined) failures[names.get(runId) ?? workflowId] = error.message;
  }
  return failures;
};

const named = (name: string): Recorded => {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`No history is called ${name}: record again (npm run histories -- record).`);
  return found;
};

describe('recorded histories', () => {
  test('are there for this release, and for each type of workflow', () => {
    expect(releases()).toContain(currentRelease());
    const types = new Set(all.map(({ name }) => name.slice(0, name.indexOf('.'))));
    expect([...types].sort()).toEqual(Object.keys(workflows).sort());
  });

  test('of every release replay on the code of this one', async () => {
    expect(await replay(all)).toEqual({});
  });

  test('hold no secret', () => {
    const revealing = releases()
      .flatMap(textsOf)
      .filter(({ text }) => SECRETS.some((secret) => secret.test(text)));
    expect(revealing.map(({ name }) => name)).toEqual([]);
  });

  test('are small enough to be cloned with the code', () => {
    const bytes = releases()
      .flatMap(textsOf)
      .reduce((sum, { compressed }) => sum + compressed, 0);
    expect(bytes).toBeLessThan(4_000_000);
  });
});

/** Private keys, kubeadm-like tokens, credentials of AWS: as text, since payloads are decoded first. */
const SECRETS: readonly RegExp[] = [
  /PRIVATE KEY/,
  /"(tls\.key|ssh-privatekey|sealed)"\s*:/,
  /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/,
  /aws_?secret/i,
  /\bAKIA[0-9A-Z]{16}\b/,
];

describe('a replay', () => {
  test('notices code that does something else than was recorded', async () => {
    const { name, release } = named('CreateCluster.retried');
    expect(await replay([named(name)], await bundleOf('./changed.ts'))).toEqual({
      [`${release} ${name}`]: expect.stringMatching(/nondeterminism/i),
    });
  });

  test('notices a history in which something else was done', async () => {
    const { history, ...rest } = named('CreateCluster.retried');
    expect(await replay([{ ...rest, history: withOtherActivity(history) }])).toEqual({
      [`${rest.release} ${rest.name}`]: expect.stringMatching(/nondeterminism/i),
    });
  });
});

/** The same, but for the id of the first activity: what an edit of a step's id would have scheduled. */
const withOtherActivity = (history: History): History => {
  let done = false;
  return {
    ...history,
    events: (history.events ?? []).map((event) => {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (done || !scheduled) return event;
      done = true;
      return { ...event, activityTaskScheduledEventAttributes: { ...scheduled, activityId: 'something else' } };
    }),
  };
};

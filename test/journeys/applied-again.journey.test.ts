/**
 * What GitOps tools do all day: they apply what is there already, two of them at once, each in its own way and with marks of its
 * own. While the cluster is made and once it is, that is no news to Slipway: no generation, no operation, no call of AWS (I6).
 *
 * In a sandbox with stub machines: AWS is the same, and what runs on machines is not asked here.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { AWSCluster } from '../../api/cluster.ts';
import { entityWorkflowId } from '../../api/names.ts';
import { type Manifest, smallCluster } from '../../bench/manifests.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { type SandboxForTests, startSandbox, succeed } from '../support/sandbox.ts';
import { UNHURRIED, waitFor } from '../support/wait.ts';

const NAME = 'cluster-0';
const ROUNDS = 4;

type Stored = Pick<AWSCluster, 'kind' | 'metadata' | 'status'>;
type Marks = { readonly labels?: object; readonly annotations?: object };

let sandbox: SandboxForTests;
beforeAll(async () => {
  // A sweep would be calls of AWS that nobody's apply has made.
  sandbox = await startSandbox({ SLIPWAY_SWEEP_SECONDS: '86400' }, { stub: true });
});
afterAll(() => sandbox?.end());

const marked = (marks: Marks): string =>
  smallCluster(NAME)
    .map((one: Manifest) => stringify({ ...one, metadata: { ...one.metadata, ...marks } }))
    .join('---\n');

/** As Argo CD applies, from the client's side; it knows its objects by an annotation. */
const applyFromClient = () =>
  succeed(
    'apply',
    sandbox.kubectl(['apply', '--field-manager=argocd-controller', '-f', '-'], {
      input: marked({ annotations: { 'argocd.argoproj.io/tracking-id': `clusters:${NAME}` } }),
    }),
  );

/** As Flux applies, on the server's side, and by force; it knows its objects by labels. */
const applyOnServer = () =>
  succeed(
    'apply --server-side',
    sandbox.kubectl(
      ['apply', '--server-side', '--force-conflicts', '--field-manager=kustomize-controller', '-f', '-'],
      { input: marked({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'clusters' } }) },
    ),
  );

const applyBoth = async (): Promise<void> => {
  await applyFromClient();
  await applyOnServer();
};

const objects = () => sandbox.objects().all<Stored>();

/** How a tool shows it; with what its conditions say, where it is neither in progress nor done. */
const shown = (object: Stored): string => {
  const verdict = kstatusOf(object);
  if (verdict !== 'Failed') return verdict;
  const said = object.status?.conditions?.map(({ type, status, message }) => `${type} ${status}: ${message}`);
  return `${object.kind} ${verdict}: ${said?.join('; ')}`;
};

/** What was done with each object. Not its version: kubectl's two ways of applying both keep an annotation of their own there. */
const traces = async () =>
  (await objects()).map(({ metadata: { name, generation }, status }) => ({ name, generation, status }));

type Event = { readonly workflowExecutionSignaledEventAttributes?: { readonly signalName: string } };

/** The signals that each entity ever got. */
const signals = async (): Promise<readonly (readonly string[])[]> => {
  const ids = (await objects()).map(({ kind, metadata }) => entityWorkflowId({ kind, ...metadata }));
  return Promise.all(
    ids.map(async (id) => {
      const events = await sandbox.workflows().events<Event>(id);
      return events.flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
    }),
  );
};

describe('objects that two tools apply again and again', () => {
  test('are made once, and are in progress from their first moment until they are done', async () => {
    await applyBoth();
    const seen: string[] = [];
    await waitFor(
      'cluster and pool to be provisioned, whoever applies meanwhile',
      async () => {
        await applyBoth();
        const all = await objects();
        seen.push(...all.filter(({ status }) => status?.state !== 'Provisioned').map(shown));
        return all.every((one) => one.status?.state === 'Provisioned') ? true : undefined;
      },
      UNHURRIED,
    );
    expect(new Set(seen)).toEqual(new Set(['InProgress']));
    expect((await objects()).map(kstatusOf)).toEqual(['Current', 'Current']);
    expect(await traces()).toMatchObject([
      { generation: 1, status: { observedGeneration: 1, operations: [{ type: 'CreateCluster' }] } },
      { generation: 1, status: { observedGeneration: 1, operations: [{ type: 'CreateNodePool' }] } },
    ]);
  });

  test('stay as they are, in the management API, in Temporal and in AWS', async () => {
    const [before, told, { next }] = [await traces(), await signals(), await sandbox.callsSince(0)];
    for (let round = 0; round < ROUNDS; round += 1) await applyBoth();
    expect(await traces()).toEqual(before);
    expect((await sandbox.callsSince(next)).calls.map(({ operation }) => operation)).toEqual([]);

    // Whatever the rounds had told would have come before what is told now, of the same object.
    const retry = { metadata: { annotations: { 'slipway.dev/retry': 'after-the-rounds' } } };
    for (const kind of ['awscluster', 'awsnodepool']) {
      const patch = ['patch', kind, '--type=merge', '-p', JSON.stringify(retry)];
      await succeed('patch', sandbox.kubectl([...patch, kind === 'awscluster' ? NAME : `${NAME}-pool-0`]));
    }
    const all = await waitFor('the entities to be told of the annotation', async () => {
      const now = await signals();
      return now.every((one, index) => one.length > (told[index]?.length ?? 0)) ? now : undefined;
    });
    expect(all.map((one, index) => one.slice(told[index]?.length))).toEqual([['annotated'], ['annotated']]);
  });

  test('take nothing that Slipway wrote for a difference: a tool sees none between what it applies and what is there', async () => {
    const diff = await sandbox.kubectl(
      ['diff', '--server-side', '--force-conflicts', '--field-manager=kustomize-controller', '-f', '-'],
      { input: marked({ labels: { 'kustomize.toolkit.fluxcd.io/name': 'clusters' } }) },
    );
    expect(diff).toMatchObject({ code: 0, stdout: '' });
  });
});

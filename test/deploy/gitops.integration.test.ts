/** `deploy/gitops/` and `deploy/gatekeeper/` at a real API server, and what docs/gitops.md tells people to type. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { PLURALS } from '../../api/object.ts';
import { allCommands } from '../docs/commands.ts';
import { ROOT } from '../docs/markdown.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/wait.ts';
import { asPolicy, cases, constraint, type Resource, template } from './gatekeeper.ts';

let api: ApiServerForTests;

const kubectl = async (args: readonly string[], stdin?: string): Promise<string> => {
  const { code, stdout, stderr } = await api.kubectl(args, stdin);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const pathOf = ({ kind }: Resource): string =>
  `/apis/multicloud.cluster.gke.io/v1/namespaces/default/${PLURALS[kind as keyof typeof PLURALS]}`;

/** What a case asks for, without its being stored; the API server says what is wrong. */
const attempt = async ({ object, before }: ReturnType<typeof cases>[number]): Promise<string> => {
  const path = pathOf(object);
  if (before === undefined) {
    const { status, body } = await api.call('POST', `${path}?dryRun=All`, object);
    return status === 201 ? '' : String((body as { message: string }).message);
  }
  const stored = (await api.call('GET', `${path}/${object.metadata.name}`)).body as Resource;
  const { resourceVersion } = stored.metadata;
  const changed = { ...object, metadata: { ...object.metadata, resourceVersion } };
  const { status, body } = await api.call('PUT', `${path}/${object.metadata.name}?dryRun=All`, changed);
  return status === 200 ? '' : String((body as { message: string }).message);
};

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
  await kubectl(['create', 'namespace', 'argocd']);
  // Argo CD's own, with settings of somebody else.
  await kubectl(['create', 'configmap', 'argocd-cm', '-n', 'argocd', '--from-literal=url=https://argocd.example.com']);
});

afterAll(() => api?.stop());

describe('docs/gitops.md', () => {
  test('has commands that leave Argo CD’s other settings alone, and may be given again', async () => {
    const documented = allCommands().filter(({ page }) => page === 'docs/gitops.md');
    expect(documented.length).toBeGreaterThan(0);
    for (const round of [1, 2]) {
      for (const { text } of documented) {
        const [program, ...args] = text.split(' ');
        if (program !== 'kubectl') throw new Error(`docs/gitops.md: this test runs kubectl only, not ${text}`);
        await kubectl(args.map((arg) => (arg.startsWith('deploy/') ? join(ROOT, arg) : arg)));
      }
      const data = await kubectl(['get', 'configmap', 'argocd-cm', '-n', 'argocd', '-o', 'jsonpath={.data}']);
      const checks = 'resource.customizations.health.multicloud.cluster.gke.io_';
      expect([round, Object.keys(JSON.parse(data) as object).sort()]).toEqual([
        round,
        [`${checks}AWSCluster`, `${checks}AWSNodePool`, 'url'],
      ]);
    }
  });
});

describe('the rules for Gatekeeper', () => {
  test('are one kind of rule, of an engine that also the API server has', () => {
    const { metadata, spec } = template();
    // Gatekeeper wants the template to be called like its kind.
    expect(metadata.name).toBe(spec.crd.spec.names.kind.toLowerCase());
    expect(constraint().kind).toBe(spec.crd.spec.names.kind);
    expect(spec.targets[0].code.map(({ engine }) => engine)).toEqual(['K8sNativeValidation']);
  });

  test('let through and refuse what their suite says, in its words', async () => {
    for (const { before } of cases()) {
      if (before !== undefined) await api.call('POST', pathOf(before), before);
    }
    await kubectl(
      ['apply', '-f', '-'],
      asPolicy()
        .map((one) => stringify(one))
        .join('---\n'),
    );
    const refused = cases().find(({ violations }) => violations !== 0);
    if (refused === undefined) throw new Error('the suite refuses nothing');
    // Policies count a moment after they were made.
    await waitFor('the policy to count', async () => ((await attempt(refused)) === '' ? undefined : true));
    expect(cases().length).toBeGreaterThan(5);
    for (const one of cases()) {
      const said = await attempt(one);
      expect([one.name, said === '']).toEqual([one.name, one.violations === 0]);
      for (const message of one.messages) expect(said).toMatch(new RegExp(message));
    }
  });

  test('hold up no deletion', async () => {
    const [older] = cases().flatMap(({ before }) => before ?? []);
    if (older === undefined) throw new Error('the suite has nothing that is older than the rules');
    await kubectl(['delete', 'awscluster', older.metadata.name, '--wait=false']);
    const patch = JSON.stringify({ metadata: { finalizers: null } });
    await kubectl(['patch', 'awscluster', older.metadata.name, '--type=merge', '-p', patch]);
    expect(await api.call('GET', `${pathOf(older)}/${older.metadata.name}`)).toMatchObject({ status: 404 });
  });
});

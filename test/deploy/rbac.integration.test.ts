/** `deploy/rbac/` at a real API server: what it lets each of Slipway's parts do, and what people. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { API_GROUP, type ServiceAccountName, serviceAccountUser } from '../../api/names.ts';
import { refused } from '../../kubernetes/errors.ts';
import { allCommands } from '../docs/commands.ts';
import { ROOT } from '../docs/markdown.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { waitFor } from '../support/wait.ts';
import { seedCluster } from '../topology/objects.ts';

let api: ApiServerForTests;

const kubectl = async (args: readonly string[], stdin?: string): Promise<string> => {
  const { code, stdout, stderr } = await api.kubectl(args, stdin);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};

const as = (account: ServiceAccountName): readonly string[] => [`--as=${serviceAccountUser(account)}`];

const GROUPS: Readonly<Record<string, string>> = {
  awsclusters: API_GROUP,
  awsnodepools: API_GROUP,
  clusterrolebindings: 'rbac.authorization.k8s.io',
};

/** What the API server itself says about a request of somebody. */
const may = async (user: string, verb: string, what: string, namespace = 'default'): Promise<boolean> => {
  const [resource = '', subresource = ''] = what.split('/');
  const resourceAttributes = { namespace, verb, group: GROUPS[resource] ?? '', resource, subresource };
  const { status, body } = await api.call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups: ['system:authenticated'], resourceAttributes },
  });
  if (status !== 201) throw new Error(`the review answered ${status}`);
  return (body as { status: { allowed: boolean } }).status.allowed;
};

const WORKER = serviceAccountUser('slipway-worker');
const WATCHER = serviceAccountUser('slipway-watcher');

const secret = (labels: Readonly<Record<string, string>>, name = 'one') =>
  stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default', labels },
    stringData: { a: 'b' },
  });

beforeAll(async () => {
  api = await startApiServer();
  await kubectl(['create', 'namespace', 'other']);
  // As docs/security.md tells people to.
  const documented = allCommands().filter(({ page }) => page === 'docs/security.md');
  for (const { text } of documented) {
    const [program, ...args] = text.replace('<namespace>', 'default').split(' ');
    if (program !== 'kubectl') throw new Error(`docs/security.md: this test runs kubectl only, not ${text}`);
    await kubectl(args.map((arg) => (arg.startsWith('deploy/') ? join(ROOT, arg) : arg)));
  }
  await api.installCrds(join(ROOT, 'deploy/crds'));
  await waitFor('roles to count', async () => (await may(WORKER, 'get', 'secrets')) || undefined);
});

afterAll(async () => {
  await api?.stop();
});

describe('The worker', () => {
  test('keeps Secrets of clusters in namespaces that were opened to it, and in no other', async () => {
    for (const verb of ['get', 'list', 'create', 'delete']) {
      expect(await may(WORKER, verb, 'secrets')).toBe(true);
      expect(await may(WORKER, verb, 'secrets', 'other')).toBe(false);
      expect(await may(WORKER, verb, 'secrets', 'kube-system')).toBe(false);
    }
  });

  test('changes no Secret, makes no cluster, and gives nobody a right', async () => {
    for (const [verb, resource] of [
      ...[
        ['update', 'secrets'],
        ['patch', 'secrets'],
        ['watch', 'secrets'],
        ['create', 'awsclusters'],
      ],
      ...[
        ['delete', 'awsclusters'],
        ['create', 'awsnodepools'],
        ['create', 'clusterrolebindings'],
        ['get', 'pods'],
      ],
      ...[
        ['create', 'serviceaccounts/token'],
        ['impersonate', 'users'],
        ['list', 'namespaces'],
        ['get', 'nodes'],
      ],
    ] as const) {
      expect({ verb, resource, may: await may(WORKER, verb ?? '', resource ?? '') }).toEqual({
        verb,
        resource,
        may: false,
      });
    }
  });

  test('makes and removes Secrets with a cluster’s label only', async () => {
    const refusal = 'makes and removes no Secret but those with the label slipway.dev/cluster';
    // Policies count a moment after they were made.
    await waitFor('the policy to count', async () => {
      const tried = await api.kubectl(['create', '--dry-run=server', '-f', '-', ...as('slipway-worker')], secret({}));
      return tried.stderr.includes(refusal) || undefined;
    });
    await kubectl(['create', '-f', '-', ...as('slipway-worker')], secret({ 'slipway.dev/cluster': 'gke-00000001' }));
    await kubectl(['delete', 'secret', 'one', ...as('slipway-worker')]);
    await kubectl(['create', '-f', '-'], secret({}, 'theirs'));
    const removed = await api.kubectl(['delete', 'secret', 'theirs', ...as('slipway-worker')]);
    expect(removed.stderr).toContain(refusal);
  });

  test('loses its Secrets with a namespace that is being deleted, sees that it is, and gets them back as its message says', async () => {
    await kubectl(['create', 'namespace', 'going']);
    await kubectl(['apply', '-n', 'going', '-f', join(ROOT, 'deploy/rbac/per-namespace')]);
    await waitFor('the binding to count', async () => (await may(WORKER, 'list', 'secrets', 'going')) || undefined);
    await kubectl(['delete', 'namespace', 'going', '--wait=false']);
    await kubectl(['delete', 'rolebinding', '-n', 'going', '--all']);
    await waitFor('the right to go', async () => !(await may(WORKER, 'list', 'secrets', 'going')) || undefined);
    const seen = await kubectl([
      'get',
      'namespace',
      'going',
      '-o',
      'jsonpath={.status.phase}',
      ...as('slipway-worker'),
    ]);
    expect(seen).toBe('Terminating');
    const again = await api.kubectl(['apply', '-n', 'going', '-f', join(ROOT, 'deploy/rbac/per-namespace')]);
    expect(again.stderr).toContain('is being terminated');
    const refusal = refused({
      verb: 'list',
      object: 'secrets',
      server: api.server,
      status: 403,
      body: { kind: 'Status', message: `secrets is forbidden: User "${WORKER}" cannot list resource "secrets"` },
    });
    const [, cure = ''] = /kubectl (create clusterrolebinding [^,]+),/.exec(refusal.message) ?? [];
    await kubectl(cure.split(' '));
    await waitFor('the cure to count', async () => (await may(WORKER, 'list', 'secrets', 'going')) || undefined);
    await kubectl(['delete', 'clusterrolebinding', 'slipway-worker-secrets']);
  });

  test('puts its finalizer on an object, and changes nothing of what its owner wrote', async () => {
    const { apiVersion, kind, metadata, spec } = seedCluster();
    const { name, namespace } = metadata;
    await kubectl(['create', '-f', '-'], stringify({ apiVersion, kind, metadata: { name, namespace }, spec }));
    const patch = (change: object) =>
      api.kubectl(['patch', 'awscluster', name, '--type=merge', '-p', JSON.stringify(change), ...as('slipway-worker')]);
    expect(await patch({ metadata: { finalizers: ['slipway.dev/cleanup'] } })).toMatchObject({ code: 0 });
    await waitFor('the policy to count', async () => {
      const tried = await patch({ spec: { deletionProtection: true } });
      return tried.stderr.includes('the worker changes no spec') || undefined;
    });
    expect(await patch({ metadata: { finalizers: [] } })).toMatchObject({ code: 0 });
  });
});

describe('The watcher', () => {
  test('sees objects everywhere, and neither a Secret nor a change', async () => {
    for (const verb of ['list', 'watch']) expect(await may(WATCHER, verb, 'awsclusters', 'other')).toBe(true);
    for (const [verb, resource] of [
      ...[
        ['get', 'secrets'],
        ['list', 'secrets'],
        ['patch', 'awsclusters'],
        ['patch', 'awsclusters/status'],
      ],
      ...[
        ['delete', 'awsnodepools'],
        ['create', 'events'],
      ],
    ] as const) {
      expect(await may(WATCHER, verb ?? '', resource ?? '')).toBe(false);
    }
  });
});

describe('People', () => {
  test('view or edit clusters with the roles that are made for them, and read no Secret by either', async () => {
    for (const role of ['slipway-view', 'slipway-edit']) {
      await kubectl(['create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${role}`]);
    }
    const [viewer, editor] = ['slipway-view', 'slipway-edit'] as const;
    await waitFor('bindings to count', async () => (await may(editor, 'create', 'awsclusters')) || undefined);
    expect(await may(viewer, 'list', 'awsnodepools')).toBe(true);
    expect(await may(viewer, 'delete', 'awsclusters')).toBe(false);
    expect(await may(editor, 'delete', 'awsclusters')).toBe(true);
    for (const [verb, viewers] of [
      ['get', true],
      ['patch', false],
    ] as const) {
      expect(await may(viewer, verb, 'awsnodepools/scale')).toBe(viewers);
    }
    expect(await may(editor, 'patch', 'awsnodepools/scale')).toBe(true);
    for (const who of [viewer, editor]) {
      expect(await may(who, 'get', 'secrets')).toBe(false);
      expect(await may(who, 'patch', 'awsclusters/status')).toBe(false);
      expect(await may(who, 'list', 'awsclusters', 'other')).toBe(false);
    }
  });

  test('get these rights with Kubernetes’ own roles, once a controller manager adds them', async () => {
    const labels = async (role: string): Promise<unknown> =>
      JSON.parse(await kubectl(['get', 'clusterrole', role, '-o', 'jsonpath={.metadata.labels}']));
    const to = (name: string) => `rbac.authorization.k8s.io/aggregate-to-${name}`;
    expect(await labels('slipway-view')).toMatchObject({
      [to('view')]: 'true',
      [to('edit')]: 'true',
      [to('admin')]: 'true',
    });
    expect(await labels('slipway-edit')).not.toHaveProperty([to('view')]);
  });
});

/** What `deploy/gitops/` tells Argo CD and Flux about clusters and node pools. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { API_GROUP } from '../../api/names.ts';
import type { StoredObject } from '../../policy/views.ts';
import { ROOT } from '../docs/markdown.ts';
import { after, CLUSTER_STATES, KINDS, POOL_STATES, provisioned, STATES } from '../policy/states.ts';
import { luaInterpreter, runLua } from '../support/lua.ts';

const documentsOf = <T>(file: string): readonly T[] =>
  parseAllDocuments(readFileSync(join(ROOT, 'deploy/gitops', file), 'utf8')).map((document) => document.toJS() as T);

const checks = (): Readonly<Record<string, string>> =>
  documentsOf<{ readonly data: Readonly<Record<string, string>> }>('argocd.yaml')[0]?.data ?? {};

const checkOf = (kind: string): string => checks()[`resource.customizations.health.${API_GROUP}_${kind}`] ?? '';

describe('Argo CD’s health check', () => {
  test('is there for both kinds, and nothing else of its ConfigMap is', () => {
    expect(Object.keys(checks()).sort()).toEqual(
      KINDS.map((kind) => `resource.customizations.health.${API_GROUP}_${kind}`),
    );
    for (const kind of KINDS) expect(checkOf(kind)).toContain('observedGeneration');
  });
});

const lua = luaInterpreter();
const withLua = lua === undefined ? describe.skip : describe;
const name = lua === undefined ? ' (skipped: this computer has no Lua, such as lua5.1 or luajit)' : '';

const healthOf = (object: StoredObject) => runLua(lua ?? '', checkOf(object.kind), [object])[0];

withLua(`Argo CD’s health check, run by a Lua${name}`, () => {
  describe.each(KINDS)('of an %s', (kind) => {
    test('reads every state as it is, and says why', () => {
      const read = runLua(
        lua ?? '',
        checkOf(kind),
        STATES.map(([, , object]) => object(kind)),
      );
      expect(STATES.map(([what], index) => [what, read[index]?.status])).toEqual(
        STATES.map(([what, { argo }]) => [what, argo]),
      );
      expect(read.filter(({ message }) => message === '')).toEqual([]);
    });
  });

  test('reads what only a cluster can be', () => {
    for (const [what, { argo }, object] of CLUSTER_STATES) {
      expect([what, healthOf(object('AWSCluster'))?.status]).toEqual([what, argo]);
    }
  });

  test('reads what only a node pool can be', () => {
    for (const [what, { argo }, object] of POOL_STATES) {
      expect([what, healthOf(object('AWSNodePool'))?.status]).toEqual([what, argo]);
    }
  });

  test('names what a person should know of a healthy object', () => {
    const differs = after(provisioned('AWSNodePool'), {
      kind: 'settled',
      drift: [{ key: 'k', difference: 'is "other"' }],
    });
    expect(healthOf(differs)).toMatchObject({ status: 'Healthy', message: expect.stringContaining('k: is "other"') });
    const waits = after(provisioned('AWSCluster'), { kind: 'settled', note: 'version 2 is asked for' });
    expect(healthOf(waits)).toEqual({ status: 'Healthy', message: 'version 2 is asked for' });
  });

  test('takes an object without a status, as an older CRD leaves it, for one that nobody has looked at', () => {
    const { status: _, ...bare } = provisioned('AWSCluster');
    expect(healthOf(bare as StoredObject)?.status).toBe('Progressing');
  });
});

describe('Flux', () => {
  type Resource = {
    readonly kind: string;
    readonly metadata: object;
    readonly spec: Readonly<Record<string, unknown>>;
  };
  const kustomization = () => documentsOf<Resource>('flux.yaml').find(({ kind }) => kind === 'Kustomization')?.spec;

  test('waits for all objects by kstatus, for longer than a cluster takes, and takes none away', () => {
    expect(kustomization()).toMatchObject({ wait: true, prune: false });
    const minutes = /^(\d+)m$/.exec(String(kustomization()?.['timeout']))?.[1];
    expect(Number(minutes)).toBeGreaterThanOrEqual(30);
    // `wait` has no word for health of its own: these would be ignored beside it.
    expect(kustomization()).not.toHaveProperty('healthChecks');
  });

  test('applies what the repository has that it reads', () => {
    const [repository] = documentsOf<Resource>('flux.yaml');
    expect(repository).toMatchObject({ kind: 'GitRepository', metadata: { name: 'clusters' } });
    expect(kustomization()).toMatchObject({ sourceRef: { kind: 'GitRepository', name: 'clusters' } });
  });
});

/** What `slipway clusters plan -f` says of a file: by the API server, by Slipway, and by the two objects. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { lastApplied, patched, patchFor, unknownFields } from '../../client/cli/applied.ts';
import { readManifests } from '../../client/cli/manifests.ts';
import { planManifests, type Sources } from '../../client/cli/plan-file.ts';
import { demandTaken, filePlanLines } from '../../client/cli/plan-file-text.ts';
import type { Change } from '../../client/trial.ts';
import type { ChangeRequest, PlannedChange } from '../../workflows/messages.ts';
import { DELETING, seedCluster, seedPool } from '../topology/objects.ts';

const POOL = 'AWSNodePool default/cluster-0-pool-0';
const LIVE = { state: 'Provisioned' as const, desiredNodes: 5 };

const pool = seedPool({ status: LIVE });
const cluster = seedCluster({ status: { state: 'Provisioned' } });

/** What people write: no defaults, no status. */
const manifestOf = (kind: 'AWSCluster' | 'AWSNodePool', name: string, spec: object) =>
  ({ kind, name, namespace: 'default', spec: JSON.parse(JSON.stringify(spec)) }) as const;

const ofPool = (changes: object = {}) => manifestOf('AWSNodePool', 'cluster-0-pool-0', { ...pool.spec, ...changes });

type Double = Sources & { readonly tried: Change[]; readonly asked: ChangeRequest[] };

const sourcesWith = (
  stored: readonly object[] = [pool, cluster],
  {
    tried = { kind: 'taken' },
    planned = { kind: 'known', fields: [], replaces: 5, fewer: 0 },
  }: {
    readonly tried?: Awaited<ReturnType<Sources['tryOut']>>;
    readonly planned?: PlannedChange;
  } = {},
): Double => {
  const seen: { tried: Change[]; asked: ChangeRequest[] } = { tried: [], asked: [] };
  const objects = JSON.parse(JSON.stringify(stored)) as Awaited<ReturnType<Sources['api']['find']>>[];
  return {
    ...seen,
    api: {
      defaultNamespace: 'default',
      find: ({ kind, name }) =>
        Promise.resolve(objects.find((one) => one?.kind === kind && one.metadata.name === name)),
    },
    tryOut: (_, change) => {
      seen.tried.push(change);
      return Promise.resolve(tried);
    },
    slipway: (request) => {
      seen.asked.push(request);
      return Promise.resolve(planned);
    },
  };
};

const linesFor = async (manifests: Parameters<typeof planManifests>[0], sources: Double = sourcesWith()) =>
  filePlanLines(await planManifests(manifests, undefined, sources));

describe('a file', () => {
  test('of an object that is as it says changes nothing, and nobody is asked', async () => {
    const sources = sourcesWith();
    expect(await linesFor([ofPool()], sources)).toEqual([`${POOL}: nothing changes`]);
    expect([sources.tried, sources.asked]).toEqual([[], []]);
  });

  test('of an object that is not there creates it, once the API server takes it', async () => {
    const sources = sourcesWith([]);
    expect(await linesFor([ofPool()], sources)).toEqual([`${POOL}: would be created`]);
    expect(sources.tried).toEqual([{ create: { spec: ofPool().spec } }]);
  });

  test('is told field by field, with how many machines are replaced', async () => {
    const lines = await linesFor([ofPool({ instanceType: 't3.large', tags: { a: 'b' }, deletionProtection: true })]);
    expect(lines).toEqual([
      `${POOL}: 3 fields would change, 5 machines replaced`,
      '├─ spec.instanceType: replaces 5 machines in turns, 1 at a time, new ones first',
      '├─ spec.tags: in place',
      '└─ spec.deletionProtection: nothing now: it counts when the object is deleted',
    ]);
  });

  test('is judged by what Slipway sees of the pool, not by what its status says', async () => {
    const fields = [{ field: 'nodeCount', takes: 'drains' }] as const;
    const sources = sourcesWith([pool], { planned: { kind: 'known', fields, replaces: 0, fewer: 2 } });
    expect(await linesFor([ofPool({ nodeCount: 5 })], sources)).toEqual([
      `${POOL}: 1 field would change, 2 machines fewer`,
      '└─ spec.nodeCount: drains 2 machines, which then end, one after the other',
    ]);
    expect(sources.asked).toMatchObject([{ object: { uid: pool.metadata.uid }, spec: { nodeCount: 5 } }]);
  });

  test.each([
    [{}, 'turns begin once somebody says resume, as the update policy asks for'],
    [
      { opensAt: Date.parse('2026-08-01T22:00:00Z') },
      'turns begin at 2026-08-01T22:00:00Z, with the next window of the update policy',
    ],
  ])('says when turns begin where a policy lets none begin now: %j', async (waits, note) => {
    const fields = [{ field: 'keyName', takes: 'turns' }] as const;
    const planned = { kind: 'known', fields, replaces: 5, fewer: 0, waits } as const;
    const lines = await linesFor([ofPool({ keyName: 'other' })], sourcesWith([pool], { planned }));
    expect(lines.at(-1)).toBe(`└─ note: ${note}`);
  });

  test('is told by the status alone where Slipway cannot look', async () => {
    const planned = { kind: 'unknown', reason: 'it is in region eu-west-2' } as const;
    expect(await linesFor([ofPool({ keyName: 'other' })], sourcesWith([pool], { planned }))).toEqual([
      `${POOL}: 1 field would change`,
      '├─ spec.keyName: replaces 5 machines in turns, 1 at a time, new ones first',
      '└─ note: by its status alone, since Slipway could not look: it is in region eu-west-2',
    ]);
  });

  test('with a fixed field is refused with what to do instead, and the rest is judged all the same', async () => {
    const sources = sourcesWith();
    const changes = { subnetID: 'subnet-03babff7f9b5d4a7b', keyName: 'other' };
    const plans = await planManifests([ofPool(changes)], undefined, sources);
    expect(filePlanLines(plans)).toEqual([
      `${POOL}: would be refused`,
      '├─ spec.subnetID: fixed: subnetID cannot be changed: create another AWSNodePool in the other subnet, then delete this one',
      '└─ spec.keyName: replaces 5 machines in turns, 1 at a time, new ones first',
    ]);
    expect(sources.asked[0]?.spec).toMatchObject({ subnetID: pool.spec.subnetID, keyName: 'other' });
    expect(JSON.stringify(sources.tried)).not.toContain('subnetID');
    expect(() => demandTaken(plans)).toThrow(`1 of 1 object would be refused: correct what is said of ${POOL}.`);
  });

  test('that the API server would refuse says so in its words', async () => {
    const tried = { kind: 'refused', reason: 'minNodeCount must not be greater than maxNodeCount' } as const;
    expect(await linesFor([ofPool({ minNodeCount: 9 })], sourcesWith([pool], { tried }))).toContain(
      '├─ minNodeCount must not be greater than maxNodeCount',
    );
  });

  test('is planned for whoever may only read, who hears that nobody judged it', async () => {
    const tried = { kind: 'not asked', reason: 'User "x" cannot patch' } as const;
    const lines = await linesFor([ofPool({ tags: { a: 'b' } })], sourcesWith([pool], { tried }));
    expect(lines).toContain('└─ note: the API server was not asked whether it would take it: User "x" cannot patch');
  });

  test('with a field that nobody knows is refused, with where to look', async () => {
    expect(await linesFor([ofPool({ instanceTypo: 't3.large' })])).toEqual([
      `${POOL}: would be refused`,
      '└─ spec.instanceTypo is no field of AWSNodePool: see kubectl explain awsnodepool.spec',
    ]);
    expect(await linesFor([ofPool({ rootVolume: { sizeGiB: 10, size: 7 } })], sourcesWith([]))).toEqual([
      `${POOL}: would be refused`,
      '└─ spec.rootVolume.size is no field of AWSNodePool: see kubectl explain awsnodepool.spec',
    ]);
  });

  test('with a value of the wrong sort is refused by its field', async () => {
    const [, line] = await linesFor([ofPool({ minNodeCount: 'three' })]);
    expect(line).toMatch(/^└─ spec\.minNodeCount: /);
  });

  test('of a pool that is not provisioned yet counts at once', async () => {
    const young = seedPool({ status: { state: 'Provisioning' } });
    const sources = sourcesWith([young]);
    expect(await linesFor([ofPool({ keyName: 'other' })], sources)).toEqual([
      `${POOL}: 1 field would change`,
      '└─ spec.keyName: at once, since it is not provisioned yet',
    ]);
    expect(sources.asked).toEqual([]);
  });

  test('of an object that is being deleted is refused', async () => {
    const going = seedPool({ status: LIVE, metadata: DELETING });
    expect(await linesFor([ofPool({ keyName: 'other' })], sourcesWith([going]))).toEqual([
      `${POOL}: would be refused`,
      '└─ it is being deleted: apply it once it is gone',
    ]);
  });

  test('of a cluster is told without a look at AWS', async () => {
    const sources = sourcesWith();
    const spec = {
      ...cluster.spec,
      controlPlane: { ...cluster.spec.controlPlane, keyName: 'other', tags: { a: 'b' } },
    };
    expect(await linesFor([manifestOf('AWSCluster', 'cluster-0', spec)], sources)).toEqual([
      'AWSCluster default/cluster-0: 2 fields would change, 3 machines replaced',
      '├─ spec.controlPlane.keyName: replaces the 3 machines of the control plane in turns, 1 at a time while the others serve',
      '└─ spec.controlPlane.tags: in place',
    ]);
    expect(sources.asked).toEqual([]);
  });

  test('of a cluster that is asked for a newer minor says as what it serves, and until when it goes back', async () => {
    const components = { etcd: '3.6.16', cloudController: '1.36.1', imageID: 'ami-1' };
    const revision = { version: '1.36.3-gke.1', kubernetes: '1.36.3', ...components };
    const runs = seedCluster({
      controlPlane: { version: '1.36.3-gke.1' },
      status: { state: 'Provisioned', revision } as object,
    });
    const spec = { ...runs.spec, controlPlane: { ...runs.spec.controlPlane, version: '1.37.2-gke.1' } };
    const updatePolicy = { mode: 'Manual' };
    const words = (patience: string) =>
      `└─ spec.controlPlane.version: replaces the 3 machines of the control plane in turns, 1 at a time while the others serve${patience}; serves as Kubernetes 1.36 for 86400 s more, and goes back to 1.36.3-gke.1 until then; afterwards as 1.37, with no way back`;
    expect(await linesFor([manifestOf('AWSCluster', 'cluster-0', spec)], sourcesWith([runs]))).toEqual([
      'AWSCluster default/cluster-0: 1 field would change, 3 machines replaced',
      words(''),
    ]);
    const held = { ...runs, spec: { ...runs.spec, updatePolicy } };
    const [, line] = await linesFor(
      [manifestOf('AWSCluster', 'cluster-0', { ...spec, updatePolicy })],
      sourcesWith([held]),
    );
    expect(line).toBe(words(', once somebody says resume'));
  });

  test('of another namespace than the one that is asked about is refused', async () => {
    await expect(planManifests([ofPool()], 'elsewhere', sourcesWith())).rejects.toThrow(
      'AWSNodePool cluster-0-pool-0 is of namespace default, and --namespace says elsewhere: leave one of them out.',
    );
  });
});

describe('what kubectl apply would make of it', () => {
  const value = fc.jsonValue({ maxDepth: 2 }).map((json) => (json === null ? 'null' : json));
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'constructor', 'valueOf'), value);

  test('leaves what the file never named, such as the number of nodes that kubectl scale set', () => {
    expect(patched({ a: 1, nodeCount: 4 }, patchFor({ a: 2 }, { a: 1 }))).toEqual({ a: 2, nodeCount: 4 });
  });

  test('removes what the file named and names no more, however deep', () => {
    const last = { labels: { team: 'a', tier: 'b' }, nodeCount: 4 };
    const stored = { ...last, minNodeCount: 1 };
    expect(patched(stored, patchFor({ labels: { team: 'a' } }, last))).toEqual({
      labels: { team: 'a' },
      minNodeCount: 1,
    });
  });

  test('is the file itself where nobody else wrote to it', () => {
    fc.assert(
      fc.property(map, map, (last, file) =>
        expect(withoutNulls(patched(last, patchFor(file, last)))).toEqual(withoutNulls(file)),
      ),
    );
  });

  test('applied twice is the same', () => {
    fc.assert(
      fc.property(map, map, map, (stored, last, file) => {
        const once = patched(stored, patchFor(file, last));
        expect(patched(once, patchFor(file, file))).toEqual(once);
      }),
    );
  });

  test('is read from where kubectl keeps it', () => {
    const key = 'kubectl.kubernetes.io/last-applied-configuration';
    expect(lastApplied({ [key]: JSON.stringify({ spec: { a: 1 } }) })).toEqual({ a: 1 });
    expect(lastApplied({ [key]: 'no json' })).toBeUndefined();
    expect(lastApplied()).toBeUndefined();
  });

  test('names fields that were dropped, in lists, too', () => {
    expect(unknownFields({ a: [{ b: 1, c: 2 }], d: 1 }, { a: [{ b: 1 }] })).toEqual(['a[0].c', 'd']);
  });
});

/** A null within a map of a file is an order to remove, to kubectl, too. */
const withoutNulls = (json: unknown): unknown => {
  if (Array.isArray(json) || typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, value]) => (value === null ? [] : [[key, withoutNulls(value)]])),
  );
};

describe('a file is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-plan-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file.yaml');
  const reading = (content: string) => {
    writeFileSync(path, content);
    return readManifests(path);
  };
  const API = 'apiVersion: multicloud.cluster.gke.io/v1';

  test('with several documents, lists, comments and objects of others', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [{ ...seedPool(), status: undefined }] };
    const content = [stringify(seedCluster()), '# nothing', stringify(list), 'kind: Namespace\nmetadata: {name: a}'];
    const { manifests, others } = await reading(content.join('\n---\n'));
    expect(manifests.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'AWSCluster cluster-0',
      'AWSNodePool cluster-0-pool-0',
    ]);
    expect(others).toEqual(['Namespace a']);
  });

  test.each([
    ['a: [', 'is no YAML: '],
    ['a: 1', 'is no Kubernetes object: it has no kind. Give it apiVersion, kind, metadata and spec.'],
    [
      'kind: AWSCluster\napiVersion: v1',
      'AWSCluster has apiVersion v1, and Slipway serves multicloud.cluster.gke.io/v1: write that.',
    ],
    [
      `kind: AWSCluster\n${API}\nmetadata: {}`,
      'this AWSCluster has no name, so nobody knows which one it is: set metadata.name.',
    ],
    [`kind: AWSCluster\n${API}\nmetadata: {name: a}`, 'AWSCluster a has no spec: say what it should be.'],
    ['', 'holds no object: name a file with an AWSCluster or an AWSNodePool.'],
    ['kind: Secret\nmetadata: {name: a}', 'holds only Secret a: name a file with an AWSCluster or an AWSNodePool.'],
  ])('or says what is wrong with %j', async (content, message) => {
    await expect(reading(content)).rejects.toThrow(message);
  });

  test('or says that it is not there', async () => {
    await expect(readManifests(join(folder, 'absent.yaml'))).rejects.toThrow(
      'Name a file that is there, or - for standard input.',
    );
  });
});

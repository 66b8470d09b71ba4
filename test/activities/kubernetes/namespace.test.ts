/** A delete in a namespace that is being deleted: what goes with it is needed by nobody, and what is refused is not absent. */
import { describe, expect, test } from '@jest/globals';
import type { Sought } from '../../../activities/driver.ts';
import { keptSecrets, observeManagement } from '../../../activities/kubernetes/inventory.ts';
import { secretDriver } from '../../../activities/kubernetes/secret.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { KubernetesObject } from '../../../api/kubernetes-object.ts';
import { clusterIdOf } from '../../../api/names.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import { refused } from '../../../kubernetes/errors.ts';
import type { ObjectName } from '../../../kubernetes/resources.ts';
import { CLUSTER_UID, DELETING, seedCluster } from '../../topology/objects.ts';

const OBJECT = { kind: 'AWSCluster', namespace: 'team-a', name: 'cluster-0', uid: CLUSTER_UID } as const;
const OWNER = { account: '1', region: 'r', clusterId: clusterIdOf(CLUSTER_UID), uid: CLUSTER_UID };
const SCOPE = { object: OBJECT, clusterId: OWNER.clusterId, clusterName: OBJECT.name };

const forbidden = (object: string) =>
  refused({
    verb: 'list',
    object,
    server: 'https://management',
    status: 403,
    body: {
      kind: 'Status',
      message: `${object} is forbidden: User "system:serviceaccount:slipway-system:slipway-worker" cannot list resource "${object}"`,
    },
  });

const namespace = (metadata: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'team-a', ...metadata },
});
const GOING = namespace({ deletionTimestamp: '2026-01-02T00:00:00Z' });

/** A management API that lets the worker read no Secret, and says this of the namespace; undefined refuses that, too. */
const refusing = (itsNamespace: KubernetesObject | undefined): KubernetesClient =>
  ({
    server: 'https://management',
    serves: async () => true,
    list: async ({ kind }: ObjectName) => {
      if (kind === 'Secret') throw forbidden('secrets');
      return [];
    },
    find: async ({ kind }: ObjectName) => {
      if (kind === 'Secret') throw forbidden('secrets');
      if (kind !== 'Namespace') return seedCluster({ metadata: { namespace: 'team-a', ...DELETING } });
      if (itsNamespace === undefined) throw forbidden('namespaces');
      return itsNamespace;
    },
  }) as unknown as KubernetesClient;

const wanted = {
  key: 'secret/root-ca',
  properties: { name: `${OWNER.clusterId}-root-ca` },
  object: OBJECT,
  owner: OWNER,
  signal: new AbortController().signal,
} as unknown as Sought<'secret'>;

const messageOf = (asking: Promise<unknown>) =>
  asking.then(
    () => undefined,
    (error: unknown) => verdictOf(error),
  );

describe('an object that is being deleted, and whose Secrets the worker may not read any more', () => {
  test('is removed from AWS all the same: its Secrets are asked for again before its finalizer goes', async () => {
    const keys = (found: readonly { readonly key: string }[]) => found.map(({ key }) => key);
    expect(keys(await observeManagement(refusing(GOING), { ...SCOPE, objectGoes: true }))).toEqual(['finalizer']);
    expect(keys(await observeManagement(refusing(undefined), { ...SCOPE, objectGoes: true }))).toEqual(['finalizer']);
  });

  test('goes with its namespace, and asks for no right in it', async () => {
    const management = refusing(GOING);
    expect(await keptSecrets(management, { object: OBJECT, owner: OWNER })).toEqual([]);
    expect(await secretDriver(management).leaving?.(wanted)).toEqual([]);
    await expect(
      secretDriver(management).remove(wanted, { key: wanted.key, outputs: {}, state: {} }),
    ).resolves.toBeUndefined();
  });

  test.each([
    ['a namespace that stays', namespace({})],
    ['a namespace that it may not look at', undefined],
  ])(
    'waits in %s for a right that is named, and that also helps where nothing can be made any more',
    async (_, its) => {
      const judged = await messageOf(keptSecrets(refusing(its), { object: OBJECT, owner: OWNER }));
      expect(judged?.verdict).toBe('blocked');
      expect(judged?.message).toContain('kubectl apply -n <namespace> -f deploy/rbac/per-namespace');
      expect(judged?.message).toContain(
        'kubectl create clusterrolebinding slipway-worker-secrets --clusterrole=slipway-worker-secrets --serviceaccount=slipway-system:slipway-worker',
      );
    },
  );
});

describe('an object that stays', () => {
  test('is not said to lack the Secrets that the worker may not read, even while its namespace is being deleted', async () => {
    const judged = await messageOf(observeManagement(refusing(GOING), SCOPE));
    expect(judged).toMatchObject({ verdict: 'blocked', message: expect.stringContaining('refused to list secrets') });
    await expect(secretDriver(refusing(GOING)).candidates(wanted)).rejects.toThrow('refused to list secrets');
  });
});

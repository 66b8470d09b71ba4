import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Kubernetes } from '../../../agent/kubernetes.ts';
import { claimsOf, keepStorage, type Pod } from '../../../sandbox/kubelet/storage.ts';
import { recordedLog } from '../../agent/doubles.ts';
import { instance } from '../../machine/examples.ts';
import { waitFor } from '../../support/wait.ts';

const NAME = instance().hostname;
const CSI_NODE = `/apis/storage.k8s.io/v1/csinodes/${NAME}`;
const STATUS = `/api/v1/nodes/${NAME}/status`;

const pod = (overrides: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'a', namespace: 'shop', uid: '1' },
  spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'redis' } }, { name: 'config' }] },
  ...overrides,
});

/** An API server that answers from a table, and notes what was changed. */
const answering = (objects: Record<string, unknown>) => {
  const changes: { readonly path: string; readonly body: unknown }[] = [];
  const kubernetes: Kubernetes = {
    call: async (method, path, body) => {
      if (method === 'GET') {
        const [key = ''] = path.split('?', 1);
        return key in objects ? { status: 200, body: objects[key] } : { status: 404, body: {} };
      }
      changes.push({ path, body });
      if (method === 'POST') objects[`${path}/${NAME}`] = body;
      return { status: method === 'POST' ? 201 : 200, body };
    },
    close: () => undefined,
  };
  return { kubernetes, changes };
};

describe('The claims that a pod holds', () => {
  test('are its own and those that were made for it', () => {
    const volumes = [...(pod().spec.volumes ?? []), { name: 'scratch', ephemeral: {} }];
    expect(claimsOf(pod({ spec: { volumes } }))).toEqual([
      '/api/v1/namespaces/shop/persistentvolumeclaims/redis',
      '/api/v1/namespaces/shop/persistentvolumeclaims/a-scratch',
    ]);
  });

  test('are none once it has ended, or where it has no volumes', () => {
    expect(claimsOf(pod({ status: { phase: 'Succeeded' } }))).toEqual([]);
    expect(claimsOf(pod({ spec: {} }))).toEqual([]);
  });
});

describe('A node', () => {
  const node = { metadata: { name: NAME, uid: 'node-1' } };
  let stop: AbortController;
  const { log, messages } = recordedLog();
  const keep = (kubernetes: Kubernetes): void => {
    keepStorage({ instance: instance(), log }, () => kubernetes, node, stop.signal).catch(() => undefined);
  };

  beforeEach(() => {
    stop = new AbortController();
  });
  afterEach(() => stop.abort());

  test('has a CSINode without drivers in a cluster that has none', async () => {
    const { kubernetes, changes } = answering({});
    keep(kubernetes);
    await waitFor('it is made', async () => (changes.length > 0 ? true : undefined));
    expect(changes[0]?.body).toMatchObject({
      kind: 'CSINode',
      metadata: { name: NAME, ownerReferences: [{ kind: 'Node', uid: 'node-1' }] },
      spec: { drivers: [] },
    });
  });

  test('registers the driver of a cluster that has it, and names the volumes that its pods hold', async () => {
    const { kubernetes, changes } = answering({
      '/apis/storage.k8s.io/v1/csidrivers/ebs.csi.aws.com': {},
      '/api/v1/pods': { items: [pod(), pod({ metadata: { name: 'b', namespace: 'shop', uid: '2' } })] },
      '/api/v1/namespaces/shop/persistentvolumeclaims/redis': { spec: { volumeName: 'pv' } },
      '/api/v1/persistentvolumes/pv': { spec: { csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-1' } } },
    });
    keep(kubernetes);
    const changed = (path: string) =>
      waitFor(`${path} is changed`, async () => changes.find((change) => change.path === path)?.body);
    expect(await changed(CSI_NODE)).toEqual({
      spec: {
        drivers: [
          {
            name: 'ebs.csi.aws.com',
            nodeID: instance().id,
            topologyKeys: ['kubernetes.io/os', 'topology.kubernetes.io/zone'],
            allocatable: { count: 26 },
          },
        ],
      },
    });
    expect(await changed(STATUS)).toEqual({ status: { volumesInUse: ['kubernetes.io/csi/ebs.csi.aws.com^vol-1'] } });
  });

  test('waits, and says for what, while the CSINode of another machine of its name goes', async () => {
    const { kubernetes, changes } = answering({ [CSI_NODE]: { metadata: { ownerReferences: [{ uid: 'node-0' }] } } });
    keep(kubernetes);
    await waitFor('it says so', async () =>
      messages().some((each) => each.includes('the CSINode of an earlier machine')) ? true : undefined,
    );
    expect(changes).toEqual([]);
  });
});

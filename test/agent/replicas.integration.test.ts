/**
 * Three replicas and a node, by real agents, etcd, API servers and controllers, in a cloud of their own.
 */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { backupBucket } from '../../activities/aws/snapshots.ts';
import type { Kubernetes } from '../../agent/kubernetes.ts';
import { EMPTY_DISK_TAG, replicaName } from '../../api/names.ts';
import { generateKeyPair } from '../../machine/x509.ts';
import { BUCKET } from '../../sandbox/aws/account.ts';
import { readRecord } from '../../sandbox/instances/folder.ts';
import { folders, REGION } from '../../sandbox/layout.ts';
import { BACKUP_TAG, scheduleText } from '../../words/backup-schedule.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import { ORDER_TAG, orderText, REPORT_TAG, reportIn } from '../../words/orders.ts';
import { type CloudForTests, startCloud } from '../sandbox/instances/cloud.ts';
import { waitFor } from '../support/wait.ts';
import { type ClusterForTests, createCluster, ETCD_VERSIONS } from './cluster.ts';
import { etcdOf } from './etcd.ts';

const AGENT = `await import('${new URL('../../sandbox/machine/main.ts', import.meta.url).href}');\n`;
const POOL = '1a2b3c4d';
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

const strangersRequest = async (commonName: string): Promise<string> => {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: ['system:nodes'] }, { CN: [commonName] }],
    keys: await generateKeyPair(),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  return Buffer.from(request.toString('pem')).toString('base64');
};

const ready = async (api: Kubernetes): Promise<true | undefined> =>
  (await api.call('GET', '/readyz')).status === 200 ? true : undefined;

const namesOf = (members: readonly { readonly name?: string }[]): readonly string[] =>
  members.map((member) => member.name ?? '').toSorted((a, b) => a.localeCompare(b));

type Node = {
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly providerID?: string; readonly taints?: readonly { readonly key: string }[] };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly volumesInUse?: readonly string[];
  };
};

type CsiNode = { readonly kind: string; readonly spec: { readonly drivers: readonly object[] | null } };
type Attachment = { readonly spec: { readonly nodeName: string; readonly attacher: string } };

/** A driver, a volume of its with a claim, and a pod on a node that holds it. */
const putStorage = async ({ api }: ClusterForTests, nodeName: string): Promise<void> => {
  const volume = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'vol-0123456789abcdef0' },
  };
  const claim = { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '1Gi' } } };
  const pod = {
    nodeName,
    containers: [{ name: 'a', image: 'a' }],
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
  };
  const meta = (name: string) => ({ metadata: { name } });
  for (const [path, object] of [
    ['/apis/storage.k8s.io/v1/csidrivers', { ...meta('ebs.csi.aws.com'), spec: { attachRequired: true } }],
    ['/api/v1/persistentvolumes', { ...meta('data'), spec: { ...volume, storageClassName: '' } }],
    ['/api/v1/namespaces/default/persistentvolumeclaims', { ...meta('data'), spec: { ...claim, volumeName: 'data' } }],
    ['/api/v1/namespaces/default/pods', { ...meta('holder'), spec: pod }],
  ] as const) {
    await waitFor(`${object.metadata.name} is made at ${path}`, async () => {
      const { status } = await api.call('POST', path, object);
      return status === 201 || status === 409 ? true : undefined;
    });
  }
};

const isReady = (node: Node): boolean =>
  node.status.conditions.some((each) => each.type === 'Ready' && each.status === 'True');

const nodesOf = async (cluster: ClusterForTests): Promise<readonly Node[]> => {
  const answer = await cluster.api.call('GET', '/api/v1/nodes');
  return (answer.body as { items?: readonly Node[] }).items ?? [];
};

describe('A cluster of real agents', () => {
  let cloud: CloudForTests;
  let cluster: ClusterForTests;
  const timings: Record<string, number> = {};
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const startedAt = Date.now();
    const value = await work();
    timings[what] = (Date.now() - startedAt) / 1000;
    return value;
  };

  const servesOnAnother = (index: number, old: string): Promise<string> =>
    waitFor(
      `another instance than ${old} serves as replica ${index}`,
      async () => {
        const now = (await cluster.instanceOf(replicaName(cluster.id, index)))?.InstanceId;
        if (now === undefined || now === old) return undefined;
        return (await ready(cluster.replica(index))) === true ? now : undefined;
      },
      { intervalMs: 200 },
    );

  /** Where a member is starved, etcd elects another leader, and a single request fails. */
  const answered = <T extends object>(what: string, ask: () => Promise<T>): Promise<T> =>
    waitFor(`${what} to answer`, ask);

  const proofFrom = async (index: number) => {
    const read = await cluster.replica(index).call('GET', '/api/v1/namespaces/default/secrets/proof');
    if (read.status !== 200) throw new Error(`replica ${index} answered ${read.status}: ${JSON.stringify(read.body)}`);
    return read;
  };

  /** As which minor an API server serves, by its own word. */
  const emulationOf = (index: number): Promise<string> =>
    waitFor(`replica ${index} to say its version`, async () => {
      const { body } = await cluster.replica(index).call('GET', '/version');
      const { emulationMajor, emulationMinor } = body as Readonly<Record<string, string | undefined>>;
      return emulationMinor === undefined ? undefined : `${emulationMajor}.${emulationMinor}`;
    });

  const tagDisk = async (index: number, tags: Readonly<Record<string, string>>): Promise<void> => {
    const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await cloud.ec2.send(new CreateTagsCommand({ Resources: [cluster.volumes[index] ?? ''], Tags }));
  };

  /** Tells a replica to restart, and waits for what its agent says of it. */
  const restart = async (index: number, token: string): Promise<string> => {
    const instanceId = (await cluster.instanceOf(replicaName(cluster.id, index)))?.InstanceId ?? '';
    const until = Math.floor(Date.now() / 1_000) + 600;
    await tagDisk(index, { [ORDER_TAG]: orderText({ token, verb: 'restart', instanceId, until }) });
    return waitFor(
      `a report of ${token}`,
      async () => {
        const VolumeIds = [cluster.volumes[index] ?? ''];
        const { Volumes } = await cloud.ec2.send(new DescribeVolumesCommand({ VolumeIds }));
        const said = Volumes?.[0]?.Tags?.find(({ Key }) => Key === REPORT_TAG)?.Value;
        return said?.startsWith(`${token} `) === true ? said : undefined;
      },
      { intervalMs: 500 },
    );
  };

  beforeAll(async () => {
    // Nobody waits half a minute for an order to be seen.
    process.env['SLIPWAY_ORDER_SECONDS'] = '2';
    cloud = await startCloud(AGENT);
    cloud.start('network');
    cloud.start('instances');
    cluster = await createCluster(cloud);
  });

  afterAll(async () => {
    console.log(`Seconds: ${JSON.stringify(timings)}`);
    cluster?.close();
    await cloud?.close();
  });

  test('three replicas boot from nothing and answer', async () => {
    await timed('three replicas ready', () =>
      Promise.all(
        [0, 1, 2].map((index) =>
          waitFor(`replica ${index} is ready`, () => ready(cluster.replica(index)), {
            intervalMs: 200,
          }),
        ),
      ),
    );
    await timed('load balancer forwards', () => waitFor('the load balancer forwards', () => ready(cluster.api)));
    const members = await answered('the members', () => etcdOf(cluster, 0).members());
    expect(namesOf(members)).toEqual([0, 1, 2].map((index) => replicaName(cluster.id, index)));
  });

  test('each replica runs etcd in the version that it was told: two live side by side', async () => {
    const versions = await Promise.all(
      [0, 1, 2].map((index) => answered(`etcd ${index}`, async () => ({ is: await etcdOf(cluster, index).version() }))),
    );
    expect(versions.map(({ is }) => is)).toEqual(ETCD_VERSIONS);
    expect(new Set(ETCD_VERSIONS).size).toBe(2);
  });

  test('one whose disk is of a cluster that is upgraded serves as the minor before, beside those that do not', async () => {
    expect(await Promise.all([0, 1, 2].map(emulationOf))).toEqual(['1.36', '1.36', '1.35']);
  });

  test('a Secret is encrypted in etcd through KMS, and every replica reads it', async () => {
    await waitFor('the Secret is made', async () => {
      const { status } = await cluster.api.call('POST', '/api/v1/namespaces/default/secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'proof' },
        stringData: { word: 'a-very-plain-word' },
      });
      // It may be there from a call whose answer was lost.
      return status === 201 || status === 409 ? true : undefined;
    });
    const stored = await answered('etcd', () => etcdOf(cluster, 1).read('/registry/secrets/default/proof'));
    expect(stored.toString('latin1')).toMatch(/^k8s:enc:kms:v2:slipway:/);
    expect(stored.includes('a-very-plain-word')).toBe(false);
    for (const index of [0, 1, 2]) {
      const read = await answered(`replica ${index}`, () => proofFrom(index));
      expect((read.body as { data: { word: string } }).data.word).toBe(
        Buffer.from('a-very-plain-word').toString('base64'),
      );
    }
  });

  test('the replica that leads keeps a snapshot by schedule, one that is told to another, and S3 has what it says', async () => {
    const { layout, ec2 } = cloud;
    const endpoint = `http://${layout.aws.host}:${layout.aws.port}`;
    const s3 = new S3Client({
      endpoint,
      region: REGION,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const kept = () => backupBucket(s3, BUCKET).read(cluster.id, new AbortController().signal);
    const Value = scheduleText({ bucket: BUCKET, everyHours: 6 });
    await ec2.send(new CreateTagsCommand({ Resources: [...cluster.volumes], Tags: [{ Key: BACKUP_TAG, Value }] }));
    await timed('a snapshot of etcd by schedule', () =>
      waitFor('one that counts', async () => {
        const [scheduled] = await kept();
        return scheduled?.problem === undefined ? scheduled?.scheduled : undefined;
      }),
    );
    const volumeId = cluster.volumes[1] ?? '';
    const tags = async () => {
      const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }));
      return Object.fromEntries((Volumes?.[0]?.Tags ?? []).map(({ Key = '', Value }) => [Key, Value]));
    };
    const instanceId = (await cluster.instanceOf(replicaName(cluster.id, 1)))?.InstanceId ?? '';
    const until = Math.floor(Date.now() / 1_000) + 180;
    const order = orderText({ token: 'keep', verb: 'snapshot', instanceId, until, bucket: BUCKET });
    await ec2.send(new CreateTagsCommand({ Resources: [volumeId], Tags: [{ Key: ORDER_TAG, Value: order }] }));
    const report = await timed('a snapshot of etcd', () =>
      waitFor('a report of it', async () => {
        const said = reportIn((await tags())[REPORT_TAG]);
        return said?.token === 'keep' ? said : undefined;
      }),
    );
    expect(report).toMatchObject({ result: 'done' });
    const [backup, ...others] = await kept();
    // Three replicas have had the time to look, and one was due.
    expect(others.map(({ scheduled }) => scheduled)).toEqual([true]);
    expect(backup).toMatchObject({ key: report.result === 'done' ? report.says : '', etcd: ETCD_VERSIONS[1] });
    expect(backup?.problem).toBeUndefined();
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: backup?.key }));
    const file = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect(createHash('sha256').update(file).digest('hex')).toBe(backup?.sha256);
    // It is etcd's own database, of this moment.
    expect(file.includes('/registry/secrets/default/proof')).toBe(true);
    s3.destroy();
  });

  test('nodes join by their pool token, are initialised and Ready', async () => {
    await cluster.allowNodes();
    await timed('two nodes ready and initialised', async () => {
      await cluster.addPool(POOL, 2);
      await waitFor(
        'two nodes are Ready and initialised',
        async () => {
          const nodes = await nodesOf(cluster);
          return nodes.length === 2 && nodes.every((node) => isReady(node) && (node.spec.taints ?? []).length === 0)
            ? true
            : undefined;
        },
        { intervalMs: 200 },
      );
    });
    const [node] = await nodesOf(cluster);
    expect(node?.spec.providerID).toMatch(/^aws:\/\/\/eu-west-1a\/i-/);
    expect(node?.metadata.labels).toMatchObject({ 'slipway.dev/node-pool': POOL, environment: 'test' });
  });

  test('a node can attach volumes once the cluster has a driver, and says which ones its pods hold', async () => {
    const name = (await nodesOf(cluster))[0]?.metadata.name ?? '';
    const own = async () => (await cluster.api.call('GET', `/apis/storage.k8s.io/v1/csinodes/${name}`)).body as CsiNode;
    await waitFor('the node has its CSINode', async () => ((await own()).kind === 'CSINode' ? true : undefined));
    expect((await own()).spec.drivers ?? []).toEqual([]);
    await putStorage(cluster, name);
    const driver = await waitFor('the driver is registered', async () => (await own()).spec.drivers?.[0]);
    expect(driver).toMatchObject({
      name: 'ebs.csi.aws.com',
      nodeID: expect.stringMatching(/^i-/),
      allocatable: { count: 26 },
    });
    const inUse = async () => (await nodesOf(cluster)).find((node) => node.metadata.name === name)?.status.volumesInUse;
    const volume = 'kubernetes.io/csi/ebs.csi.aws.com^vol-0123456789abcdef0';
    await waitFor('the node holds it', async () => ((await inUse())?.includes(volume) === true ? true : undefined));
    // Kubernetes' own controller asks for it to be attached: the node lets it.
    const attachments = async () =>
      ((await cluster.api.call('GET', '/apis/storage.k8s.io/v1/volumeattachments')).body as { items: Attachment[] })
        .items;
    await waitFor('it is to be attached there', async () =>
      (await attachments()).find(({ spec }) => spec.nodeName === name && spec.attacher === 'ebs.csi.aws.com'),
    );
    await cluster.api.call('DELETE', '/api/v1/namespaces/default/pods/holder?gracePeriodSeconds=0');
    await waitFor('the node lets it go', async () => ((await inUse()) === undefined ? true : undefined));
  });

  test('each node gets a serving certificate, and who is no live instance of the pool gets none', async () => {
    type Requests = {
      items: {
        metadata: { name: string };
        spec: { signerName: string };
        status: { certificate?: string; conditions?: { type: string; message: string }[] };
      }[];
    };
    const requests = async () => ((await cluster.api.call('GET', REQUESTS)).body as Requests).items;
    await waitFor('both nodes have client and serving certificates', async () =>
      (await requests()).filter((each) => each.status.certificate).length >= 4 ? true : undefined,
    );
    const made = await cluster.api.call('POST', REQUESTS, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'stranger' },
      spec: {
        request: await strangersRequest('system:node:ip-127-0-0-1.eu-west-1.compute.internal'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    });
    expect(made.status).toBe(201);
    const refused = await waitFor('the stranger is refused', async () =>
      (await requests())
        .find((each) => each.metadata.name === 'stranger')
        ?.status.conditions?.find((each) => each.type === 'Denied'),
    );
    expect(refused.message).toMatch(/neither that node nor the bearer of one pool's token/);
  });

  test('a terminated machine takes leave, and its Node goes at once', async () => {
    const answer = await cloud.ec2.send(
      new DescribeInstancesCommand({
        Filters: [{ Name: 'private-dns-name', Values: [(await nodesOf(cluster))[0]?.metadata.name ?? ''] }],
      }),
    );
    const old = answer.Reservations?.[0]?.Instances?.[0]?.InstanceId ?? '';
    await timed('Node of a terminated machine gone', async () => {
      await cloud.ec2.send(new TerminateInstancesCommand({ InstanceIds: [old] }));
      await waitFor(
        'the cloud controller removed its Node',
        async () =>
          (await nodesOf(cluster)).some((node) => node.spec.providerID?.endsWith(old) === true) ? undefined : true,
        { intervalMs: 200 },
      );
    });
  });

  test('components that die are started again by the agent, which lives on', async () => {
    const id = (await cluster.instanceOf(replicaName(cluster.id, 0)))?.InstanceId ?? '';
    const run = `${folders(cloud.layout.home).instances}/${id}/run`;
    const pidOf = (name: string): number =>
      (JSON.parse(readFileSync(`${run}/${name}.pid`, 'utf8')) as { pid: number }).pid;
    const old = pidOf('kube-apiserver');
    process.kill(old, 'SIGKILL');
    process.kill(pidOf('etcd'), 'SIGKILL');
    await timed('API server and etcd back after SIGKILL', () =>
      waitFor(
        'the replica serves again',
        async () => ((await ready(cluster.replica(0))) === true && pidOf('kube-apiserver') !== old ? true : undefined),
        { intervalMs: 200 },
      ),
    );
    expect((await cluster.instanceOf(replicaName(cluster.id, 0)))?.InstanceId).toBe(id);
    expect(cluster.agentLog(id)).toMatch(/kube-apiserver ended by SIGKILL/);
  });

  test('a replica that is killed wholly comes back on another instance with its address and data', async () => {
    const group = replicaName(cluster.id, 2);
    const old = (await cluster.instanceOf(group))?.InstanceId ?? '';
    const leader = readRecord(folders(cloud.layout.home).instances, old)?.leader.pid ?? 0;
    expect(leader).toBeGreaterThan(1);
    const Tags = [{ Key: EMULATES_TAG }];
    await cloud.ec2.send(new DeleteTagsCommand({ Resources: [cluster.volumes[2] ?? ''], Tags }));
    await timed('killed replica serves on a new instance', async () => {
      // The agent's process group: etcd, API server and all.
      process.kill(-leader, 'SIGKILL');
      await servesOnAnother(2, old);
    });
    await answered('replica 2', () => proofFrom(2));
    expect(await answered('the members', () => etcdOf(cluster, 0).members())).toHaveLength(3);
    // The tag is gone, and the disk remembers.
    expect(await emulationOf(2)).toBe('1.35');
  });

  test('a replica that is told to restart serves as its own minor once that is committed', async () => {
    await tagDisk(2, { [COMMITTED_TAG]: '1.36' });
    await timed('committed by a restart', async () => {
      expect(await restart(2, 'commit')).toBe('commit done 1.36.3 1.36');
    });
    expect(await emulationOf(2)).toBe('1.36');
    await answered('replica 2', () => proofFrom(2));
  });

  test('a replica below the floor is not restarted, and its API server does not start again', async () => {
    await tagDisk(2, { [COMMITTED_TAG]: '1.37' });
    expect(await restart(2, 'below')).toMatch(/^below failed Kubernetes 1\.36\.3 does not start/);
    expect(await ready(cluster.replica(2))).toBe(true);
    const id = (await cluster.instanceOf(replicaName(cluster.id, 2)))?.InstanceId ?? '';
    const run = `${folders(cloud.layout.home).instances}/${id}/run`;
    process.kill((JSON.parse(readFileSync(`${run}/kube-apiserver.pid`, 'utf8')) as { pid: number }).pid, 'SIGKILL');
    await waitFor('it stays ended', async () => cluster.agentLog(id).includes('stays ended') || undefined);
    await expect(ready(cluster.replica(2))).rejects.toThrow('ECONNREFUSED');
    expect(await answered('the members', () => etcdOf(cluster, 2).members())).toHaveLength(3);
  });

  test('a replica that lost its disk waits, and joins again once its volume says so', async () => {
    const group = replicaName(cluster.id, 1);
    const volume = cluster.volumes[1] ?? '';
    await cloud.ec2.send(
      new CreateTagsCommand({ Resources: [volume], Tags: [{ Key: EMPTY_DISK_TAG, Value: 'wait' }] }),
    );
    const old = (await cluster.instanceOf(group))?.InstanceId ?? '';
    const before = await answered('the members', () => etcdOf(cluster, 0).members());
    process.kill(-(readRecord(folders(cloud.layout.home).instances, old)?.leader.pid ?? 0), 'SIGKILL');
    rmSync(`${folders(cloud.layout.home).volumes}/${volume}`, { recursive: true, force: true });

    const fresh = await waitFor(
      'another instance boots and says that it waits',
      async () => {
        const now = (await cluster.instanceOf(group))?.InstanceId;
        if (now === undefined || now === old) return undefined;
        return cluster.agentLog(now).includes('its etcd data is gone') ? now : undefined;
      },
      { intervalMs: 200 },
    );
    await expect(ready(cluster.replica(1))).rejects.toThrow('ECONNREFUSED');

    await timed('emptied replica joined and serves', async () => {
      await cloud.ec2.send(
        new CreateTagsCommand({ Resources: [volume], Tags: [{ Key: EMPTY_DISK_TAG, Value: 'join' }] }),
      );
      await waitFor('the replica serves again', () => ready(cluster.replica(1)), {
        intervalMs: 200,
      });
    });
    expect((await cluster.instanceOf(group))?.InstanceId).toBe(fresh);
    const members = await waitFor('it votes', async () => {
      const now = await etcdOf(cluster, 0).members();
      return now.some((member) => member.isLearner) ? undefined : now;
    });
    expect(namesOf(members)).toEqual(namesOf(before));
    const identity = (list: typeof members) => list.find((member) => member.name === group)?.ID;
    expect(identity(members)).not.toBe(identity(before));
    await answered('replica 1', () => proofFrom(1));
  });

  test('no log of an agent holds a private key or a token', () => {
    const instances = folders(cloud.layout.home).instances;
    const logs = readdirSync(instances)
      .filter((name) => name.startsWith('i-'))
      .map(cluster.agentLog);
    expect(logs.length).toBeGreaterThanOrEqual(6);
    for (const log of logs) {
      expect(log).not.toMatch(/PRIVATE KEY/);
      expect(log).not.toMatch(/[a-z0-9]{6}\.[a-z0-9]{16}/);
    }
  });
});

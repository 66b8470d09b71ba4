/**
 * A small account for the stub: instances that a test launches and ends, volumes and interfaces of the agent's doubles, and
 * user data sealed as Slipway seals it. No real binary: it runs wherever Node.js does.
 */
import 'reflect-metadata';
import { generateKeyPairSync, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createAuthority, issueClientCertificate } from '../../../activities/kubernetes/certificates.ts';
import type { Ec2 } from '../../../agent/aws/ec2.ts';
import type { S3 } from '../../../agent/aws/s3.ts';
import { createClient, type KubernetesClient } from '../../../kubernetes/client.ts';
import { createTransport } from '../../../kubernetes/transport.ts';
import {
  encryptionContextOf,
  type MachineConfiguration,
  type ReplicaConfiguration,
} from '../../../machine/configuration.ts';
import { close } from '../../../machine/envelope.ts';
import { privateKeyPem } from '../../../machine/x509.ts';
import type { Account, InstanceState, InstanceView } from '../../../sandbox/instances/account.ts';
import { layoutOf } from '../../../sandbox/layout.ts';
import { createClusters } from '../../../sandbox/stub/clusters.ts';
import { createFaults } from '../../../sandbox/stub/faults.ts';
import { createStubHost } from '../../../sandbox/stub/host.ts';
import { ORDER_TAG } from '../../../words/orders.ts';
import { accountOf, kmsDouble, recordedLog } from '../../agent/doubles.ts';
import { nodeConfiguration, replicaConfiguration } from '../../machine/examples.ts';
import { waitFor } from '../../support/wait.ts';

export const TOKEN = 'abcdef.0123456789abcdef';

export const stubCloud = async () => {
  const home = await mkdtemp(join(tmpdir(), 'slipway-stub-'));
  const [root, etcd, frontProxy] = await Promise.all(
    ['root', 'etcd', 'front-proxy'].map((name) => createAuthority(name)),
  );
  if (root === undefined || etcd === undefined || frontProxy === undefined) throw new Error('three authorities');
  const serviceAccountKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
  const [second, third] = [randomInt(128, 250), randomInt(1, 255)];
  const addresses = [10, 11, 12].map((last) => `127.${second}.${third}.${last}`);
  const kms = kmsDouble();
  const bucket = new Map<string, string>();
  const s3 = async (): Promise<S3> => ({
    upload: async ({ key }, { bytes }) => {
      const parts: Uint8Array[] = [];
      for await (const part of bytes) parts.push(part);
      bucket.set(key, Buffer.concat(parts).toString());
      return { etag: '"e"' };
    },
    download: async ({ key }) => {
      const content = Buffer.from(bucket.get(key) ?? '');
      return { bytes: Readable.from([content]), size: content.length };
    },
    put: async ({ key }, text) => void bucket.set(key, text),
    keys: async ({ prefix, after }) => [...bucket.keys()].filter((key) => key.startsWith(prefix) && key > after).sort(),
    close: () => undefined,
  });
  const attachable = accountOf({});
  const tags: Record<string, Readonly<Record<string, string>>> = {};
  const tagsOf = (id: string) => tags[id] ?? { 'slipway.dev/empty-disk': 'bootstrap' };
  const gone = new Set<string>();
  const ec2: Ec2 = {
    ...attachable.ec2,
    volume: async (id) => {
      const found = gone.has(id) ? undefined : await attachable.ec2.volume(id);
      return found === undefined ? undefined : { ...found, tags: { ...found.tags, ...tagsOf(id) } };
    },
    tag: (id, more) => {
      tags[id] = { ...tagsOf(id), ...more };
      return Promise.resolve();
    },
  };
  const views = new Map<string, InstanceView>();
  const terminated: string[] = [];
  const clusters = createClusters();
  const faults = createFaults();
  const setState = (id: string, state: InstanceState): void => {
    const view = views.get(id);
    if (view !== undefined) views.set(id, { ...view, state });
    attachable.setState(id, state);
    if (state !== 'terminated') return;
    for (const index of [0, 1, 2]) {
      for (const held of [`vol-${index}`, `eni-${index}`]) {
        if (attachable.holderOf(held) === id) attachable.setHolder(held, undefined);
      }
    }
  };
  const account: Account = {
    instances: () => Promise.resolve([...views.values()]),
    loadBalancers: () => Promise.resolve([]),
    terminate: (id) => {
      terminated.push(id);
      setState(id, 'terminated');
      return Promise.resolve();
    },
    ended: (id) => {
      setState(id, 'terminated');
      return Promise.resolve();
    },
    reportHealth: () => Promise.resolve(),
    changes: () => Promise.resolve(0),
  };
  const layout = layoutOf({
    home,
    bin: '',
    python: '',
    node: '',
    cache: '',
    checkout: '',
    network: 16,
    proxyPort: 0,
    stub: true,
  });
  const recorded = recordedLog();
  const orders = { volume: (id: string) => ec2.volume(id), everyMillis: 20, leaveMillis: 100 };
  const host = createStubHost({
    account,
    around: { layout, clients: () => Promise.resolve({ ec2, kms, s3 }), clusters, faults, orders, log: recorded.log },
    volumeExists: async (id) => (await ec2.volume(id)) !== undefined,
    nodeGraceMs: 100,
    ring: () => undefined,
  });

  const launch = async (id: string, address: string, configuration: MachineConfiguration, secrets: object) => {
    const key = await kms.generateDataKey('key', encryptionContextOf(configuration));
    const sealed = close({ plaintext: key.plaintext, encrypted: key.ciphertext }, configuration, { ...secrets });
    views.set(id, {
      id,
      state: 'running',
      imageId: 'ami-1',
      instanceType: 't3.medium',
      az: 'eu-west-1a',
      subnetId: 'subnet-1',
      vpcId: 'vpc-1',
      privateIp: address,
      userData: Buffer.from(JSON.stringify({ slipway: 1, configuration, sealed })).toString('base64'),
      tags: {},
      enis: [],
      iamInstanceProfile: { arn: 'arn:aws:iam::1:instance-profile/p', name: 'p' },
    });
    await host.look();
  };

  const clientOf = async (index: number, { authority = root, deadlineMs = 30_000 } = {}): Promise<KubernetesClient> => {
    const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
    const issued = await issueClientCertificate({
      authority,
      subject: { organization: 'system:masters', commonName: 'test' },
      publicKey: keys.publicKey,
      lifetimeMs: 3_600_000,
    });
    const tls = { ca: root.certificate, cert: issued.certificate, key: await privateKeyPem(keys.privateKey) };
    return createClient(
      createTransport({
        server: `https://${addresses[index]}:6443`,
        credentials: () => Promise.resolve({ tls, headers: {} }),
        deadlineMs,
      }),
    );
  };

  return {
    host,
    faults,
    clusters,
    terminated,
    addresses,
    clientOf,
    setState: async (id: string, state: InstanceState) => {
      setState(id, state);
      await host.look();
    },
    setTag: (volume: string, value: string, key = 'slipway.dev/empty-disk') => {
      tags[volume] = { ...tagsOf(volume), [key]: value };
    },
    tagsOf,
    order: (volume: string, text: string) => {
      tags[volume] = { ...tagsOf(volume), [ORDER_TAG]: text };
    },
    deleteVolume: (volume: string) => gone.add(volume),
    /** What its machines have kept, by key. */
    bucket,
    /** What its machines have logged, oldest first. */
    logged: recorded.messages,
    launchReplica: (id: string, index: number, changes: Partial<ReplicaConfiguration> = {}) =>
      launch(
        id,
        `127.${second}.${third}.${100 + index}`,
        replicaConfiguration({
          index,
          volumeId: `vol-${index}`,
          networkInterfaceId: `eni-${index}`,
          memberAddresses: addresses,
          certificateAuthorities: {
            root: root.certificate,
            etcd: etcd.certificate,
            frontProxy: frontProxy.certificate,
          },
          ...changes,
        }),
        { rootCaKey: root.key, etcdCaKey: etcd.key, frontProxyCaKey: frontProxy.key, serviceAccountKey },
      ),
    launchNode: (id: string, last: number) =>
      launch(id, `127.${second}.${third}.${last}`, nodeConfiguration(), { token: TOKEN }),
    otherAuthority: () => createAuthority('somebody else'),
    untilReady: async (index = 0): Promise<KubernetesClient> => {
      const client = await clientOf(index);
      await waitFor('the API to be ready', async () =>
        (await client.probe('/readyz?verbose', { last: true })).text.includes('[+]etcd ok') ? true : undefined,
      );
      return client;
    },
    end: async () => {
      for (const id of views.keys()) setState(id, 'terminated');
      await host.look();
      await rm(home, { recursive: true, force: true });
    },
  };
};

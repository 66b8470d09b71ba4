/**
 * A cluster for one test file: what a worker would have made in the account, made by hand, so that real agents boot.
 *
 * Owns: volumes, interfaces, load balancer, sealed launch templates and groups of one cluster in the test's cloud, and
 * access to its API server. Neighbours: `test/sandbox/instances/cloud.ts` is the cloud.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CreateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  type Instance,
  type ResourceType,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  createAuthority,
  issueClientCertificate,
  type KeyAndCertificate,
} from '../../activities/kubernetes/certificates.ts';
import { rendered } from '../../addons/rendered.ts';
import { createKubernetes, type Kubernetes } from '../../agent/kubernetes.ts';
import {
  CLUSTER_TAG,
  controlPlaneName,
  EMPTY_DISK_TAG,
  kubernetesClusterTag,
  nodePoolName,
  replicaName,
} from '../../api/names.ts';
import type { TransportSettings } from '../../kubernetes/transport.ts';
import {
  encryptionContextOf,
  type MachineConfiguration,
  type NodeConfiguration,
  type ReplicaConfiguration,
  type ReplicaSecrets,
  type UserData,
} from '../../machine/configuration.ts';
import { close as seal } from '../../machine/envelope.ts';
import { bootstrappersGroupOf } from '../../machine/node.ts';
import { generateKeyPair, privateKeyPem } from '../../machine/x509.ts';
import { ACCOUNT, folders, REGION } from '../../sandbox/layout.ts';
import { EMULATES_TAG } from '../../words/emulation.ts';
import { type CloudForTests, IMAGE } from '../sandbox/instances/cloud.ts';

const VERSIONS = { kubernetes: '1.36.3', etcd: '3.6.16', cloudController: '1.36.1' } as const;
/** The last replica is of an earlier release: both live side by side, as they do in the middle of an upgrade. */
export const ETCD_VERSIONS: readonly string[] = ['3.6.16', '3.6.16', '3.6.15'];
const REPLICAS = [0, 1, 2] as const;
/** The disk of the last one is of a cluster that is being upgraded. */
const DISK_TAGS: readonly Readonly<Record<string, string>>[] = [{}, {}, { [EMULATES_TAG]: '1.35' }];

const required = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`The cloud gave no ${what}.`);
  return value;
};

export type ClusterForTests = {
  readonly id: string;
  readonly endpoint: string;
  readonly addresses: readonly string[];
  readonly volumes: readonly string[];
  readonly authorities: { readonly root: KeyAndCertificate; readonly etcd: KeyAndCertificate };
  /** All rights, for whoever makes connections of its own. */
  readonly access: Pick<TransportSettings, 'credentials'>;
  /** With all rights, through the load balancer. */
  readonly api: Kubernetes;
  /** With all rights, at one replica's own API server. */
  readonly replica: (index: number) => Kubernetes;
  /** The live instance of a group. */
  readonly instanceOf: (group: string) => Promise<Instance | undefined>;
  readonly agentLog: (instanceId: string) => string;
  /** RBAC that nodes need, as the worker would apply it. */
  readonly allowNodes: () => Promise<void>;
  /** A node pool: its token in the cluster, its template and its group of so many. */
  readonly addPool: (poolId: string, size: number) => Promise<void>;
  readonly close: () => void;
};

const adminOf = async (root: KeyAndCertificate): Promise<{ certificate: string; key: string }> => {
  const pair = await generateKeyPair();
  const issued = await issueClientCertificate({
    authority: root,
    subject: { organization: 'system:masters', commonName: 'test' },
    publicKey: pair.publicKey,
    lifetimeMs: 3_600_000,
  });
  return { certificate: issued.certificate, key: await privateKeyPem(pair.privateKey) };
};

/** A security group that lets the load balancer, and everybody else of its VPC, reach the API server. */
const groupOf = async ({ ec2, account }: CloudForTests, name: string): Promise<string> => {
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: name, Description: 'API servers', VpcId: account.vpc.id }),
  );
  const GroupId = required(made.GroupId, 'security group');
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 6443, ToPort: 6443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }),
  );
  return GroupId;
};

/** Three replicas' worth of resources; their instances boot as soon as the `instances` part plays them. */
export const createCluster = async (cloud: CloudForTests): Promise<ClusterForTests> => {
  const { ec2, autoScaling, loadBalancing, account, layout } = cloud;
  const id = `gke-${randomBytes(4).toString('hex')}`;
  const subnets = account.vpc.subnets.slice(0, REPLICAS.length);
  const tags = (type: ResourceType, extra: Record<string, string> = {}) => [
    {
      ResourceType: type,
      Tags: Object.entries({ [CLUSTER_TAG]: id, [kubernetesClusterTag(id)]: 'owned', ...extra }).map(
        ([Key, Value]) => ({ Key, Value }),
      ),
    },
  ];
  const kms = new KMSClient({
    region: REGION,
    endpoint: `http://${layout.moto.host}:${layout.moto.port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const keyArn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${account.kmsKeys[0]?.id}`;

  const [root, etcd, frontProxy, serviceAccount] = await Promise.all([
    createAuthority('root'),
    createAuthority('etcd'),
    createAuthority('front proxy'),
    generateKeyPair(),
  ]);
  const secrets: ReplicaSecrets = {
    rootCaKey: root.key,
    etcdCaKey: etcd.key,
    frontProxyCaKey: frontProxy.key,
    serviceAccountKey: await privateKeyPem(serviceAccount.privateKey),
  };
  const userDataOf = async (
    configuration: MachineConfiguration,
    sealed: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const key = await kms.send(
      new GenerateDataKeyCommand({
        KeyId: keyArn,
        KeySpec: 'AES_256',
        EncryptionContext: encryptionContextOf(configuration),
      }),
    );
    const document: UserData = {
      slipway: 1,
      configuration,
      sealed: seal(
        { plaintext: required(key.Plaintext, 'data key'), encrypted: required(key.CiphertextBlob, 'data key') },
        configuration,
        sealed,
      ),
    };
    return Buffer.from(JSON.stringify(document)).toString('base64');
  };

  const launch = async (group: string, subnetId: string, size: number, profile: string, userData: string) => {
    const template = await ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: `${group}-v`,
        LaunchTemplateData: {
          ImageId: IMAGE,
          InstanceType: 'm5.large',
          UserData: userData,
          IamInstanceProfile: { Name: profile },
          TagSpecifications: tags('instance'),
        },
      }),
    );
    await autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: group,
        MinSize: size,
        MaxSize: size,
        LaunchTemplate: {
          LaunchTemplateId: required(template.LaunchTemplate?.LaunchTemplateId, 'launch template'),
          Version: '1',
        },
        VPCZoneIdentifier: subnetId,
      }),
    );
  };

  const groupId = await groupOf(cloud, controlPlaneName(id));
  const storage = await Promise.all(
    subnets.map(async (subnet, index) => {
      const volume = await ec2.send(
        new CreateVolumeCommand({
          AvailabilityZone: subnet.zone,
          Size: 10,
          VolumeType: 'gp3',
          TagSpecifications: tags('volume', {
            [EMPTY_DISK_TAG]: 'bootstrap',
            Name: replicaName(id, index),
            ...DISK_TAGS[index],
          }),
        }),
      );
      const created = await ec2.send(
        new CreateNetworkInterfaceCommand({
          SubnetId: subnet.id,
          Groups: [groupId],
          TagSpecifications: tags('network-interface'),
        }),
      );
      return {
        volumeId: required(volume.VolumeId, 'volume'),
        networkInterfaceId: required(created.NetworkInterface?.NetworkInterfaceId, 'network interface'),
        address: required(created.NetworkInterface?.PrivateIpAddress, 'address'),
      };
    }),
  );
  const addresses = storage.map((each) => each.address);

  const balancer = await loadBalancing.send(
    new CreateLoadBalancerCommand({
      Name: controlPlaneName(id),
      Type: 'network',
      Scheme: 'internal',
      Subnets: subnets.map((subnet) => subnet.id),
    }),
  );
  const endpoint = required(balancer.LoadBalancers?.[0]?.DNSName, 'load balancer');
  const group = await loadBalancing.send(
    new CreateTargetGroupCommand({
      Name: controlPlaneName(id),
      Protocol: 'TCP',
      Port: 6443,
      VpcId: account.vpc.id,
      TargetType: 'ip',
      HealthCheckProtocol: 'HTTPS',
      HealthCheckPath: '/readyz',
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
    }),
  );
  const targetGroupArn = required(group.TargetGroups?.[0]?.TargetGroupArn, 'target group');
  await loadBalancing.send(
    new RegisterTargetsCommand({
      TargetGroupArn: targetGroupArn,
      Targets: addresses.map((address) => ({ Id: address, Port: 6443 })),
    }),
  );
  await loadBalancing.send(
    new CreateListenerCommand({
      LoadBalancerArn: required(balancer.LoadBalancers?.[0]?.LoadBalancerArn, 'load balancer'),
      Protocol: 'TCP',
      Port: 443,
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    }),
  );

  for (const [index, { volumeId, networkInterfaceId }] of storage.entries()) {
    const subnet = required(subnets[index], 'subnet');
    const configuration: ReplicaConfiguration = {
      role: 'replica',
      clusterId: id,
      clusterName: 'test',
      region: REGION,
      index,
      versions: { ...VERSIONS, etcd: ETCD_VERSIONS[index] ?? VERSIONS.etcd },
      endpoint,
      volumeId,
      networkInterfaceId,
      memberAddresses: addresses,
      vpcId: account.vpc.id,
      subnetId: subnet.id,
      podCidr: '10.4.0.0/14',
      serviceCidr: '10.96.0.0/20',
      kmsKeyArn: keyArn,
      certificateAuthorities: { root: root.certificate, etcd: etcd.certificate, frontProxy: frontProxy.certificate },
    };
    await launch(
      replicaName(id, index),
      subnet.id,
      1,
      'gke-404767c1-controlplane',
      await userDataOf(configuration, secrets),
    );
  }

  const admin = await adminOf(root);
  const access = { authority: root.certificate, credentials: { kind: 'certificate' as const, ...admin } };
  const opened: Kubernetes[] = [];
  const connect = (options: Parameters<typeof createKubernetes>[0]): Kubernetes => {
    const client = createKubernetes(options);
    opened.push(client);
    return client;
  };
  const proxy = `http://${layout.proxy.host}:${layout.proxy.port}`;
  const api = connect({ ...access, server: `https://${endpoint}`, proxy });

  return {
    id,
    endpoint,
    addresses,
    volumes: storage.map((each) => each.volumeId),
    authorities: { root, etcd },
    access: {
      credentials: () =>
        Promise.resolve({ tls: { ca: root.certificate, cert: admin.certificate, key: admin.key }, headers: {} }),
    },
    api,
    replica: (index) => connect({ ...access, server: `https://${addresses[index]}:6443` }),
    instanceOf: async (name) => {
      const answer = await ec2.send(
        new DescribeInstancesCommand({
          Filters: [
            { Name: 'tag:aws:autoscaling:groupName', Values: [name] },
            { Name: 'instance-state-name', Values: ['pending', 'running'] },
          ],
        }),
      );
      return answer.Reservations?.[0]?.Instances?.[0];
    },
    agentLog: (instanceId) => readFileSync(`${folders(layout.home).instances}/${instanceId}/agent.log`, 'utf8'),
    allowNodes: async () => {
      for (const object of rendered({ addon: 'node-access', parameters: {} })) {
        const { name, namespace } = object.metadata;
        const plural = `${object.kind.toLowerCase()}s`;
        const path = `/apis/${object.apiVersion}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
        const answer = await api.call('POST', path, object);
        if (answer.status !== 201 && answer.status !== 409) {
          throw new Error(`${object.kind} ${name} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
        }
      }
    },
    addPool: async (poolId, size) => {
      const token = `${randomBytes(3).toString('hex')}.${randomBytes(8).toString('hex')}`;
      const [tokenId = '', tokenSecret = ''] = token.split('.');
      const made = await api.call('POST', '/api/v1/namespaces/kube-system/secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'bootstrap.kubernetes.io/token',
        metadata: { name: `bootstrap-token-${tokenId}` },
        stringData: {
          'token-id': tokenId,
          'token-secret': tokenSecret,
          'usage-bootstrap-authentication': 'true',
          'auth-extra-groups': bootstrappersGroupOf(poolId),
        },
      });
      if (made.status !== 201) throw new Error(`The token was answered with ${made.status}.`);
      const configuration: NodeConfiguration = {
        role: 'node',
        clusterId: id,
        region: REGION,
        poolId,
        poolName: 'pool-0',
        versions: { kubernetes: VERSIONS.kubernetes },
        endpoint,
        certificateAuthority: root.certificate,
        maxPodsPerNode: 110,
        labels: { environment: 'test' },
        taints: [],
      };
      const subnet = required(subnets[0], 'subnet');
      await launch(
        nodePoolName(id, poolId),
        subnet.id,
        size,
        'gke-404767c1-nodepool',
        await userDataOf(configuration, { token }),
      );
    },
    close: () => {
      for (const client of opened) client.close();
      kms.destroy();
    },
  };
};

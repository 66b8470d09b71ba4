/** Configurations for tests of this room, to be overridden where a test cares. */

import type { NodeConfiguration, ReplicaConfiguration } from '../../machine/configuration.ts';
import type { Instance } from '../../machine/node.ts';
import type { NodeMachine } from '../../machine/node-components.ts';
import type { ReplicaMachine } from '../../machine/replica-machine.ts';

const pem = (word: string): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(word).toString('base64')}\n-----END CERTIFICATE-----`;

export const replicaConfiguration = (overrides: Partial<ReplicaConfiguration> = {}): ReplicaConfiguration => ({
  role: 'replica',
  clusterId: 'gke-0a1b2c3d',
  clusterName: 'cluster-0',
  region: 'eu-west-1',
  index: 1,
  versions: { kubernetes: '1.36.3', etcd: '3.6.16', cloudController: '1.36.1' },
  endpoint: 'gke-0a1b2c3d-controlplane-1f.elb.eu-west-1.amazonaws.com',
  volumeId: 'vol-1',
  networkInterfaceId: 'eni-1',
  memberAddresses: ['10.0.1.10', '10.0.2.10', '10.0.3.10'],
  vpcId: 'vpc-1',
  subnetId: 'subnet-2',
  podCidr: '10.4.0.0/14',
  serviceCidr: '10.96.0.0/20',
  kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/k',
  certificateAuthorities: { root: pem('root'), etcd: pem('etcd'), frontProxy: pem('front proxy') },
  ...overrides,
});

export const replicaMachine = (overrides: Partial<ReplicaMachine> = {}): ReplicaMachine => ({
  configuration: replicaConfiguration(),
  addresses: { fixed: '10.0.2.10', primary: '10.0.2.77' },
  directories: { certificates: '/run/pki', configuration: '/run/config', volume: '/var/lib/slipway' },
  kmsSocket: '/run/kms.sock',
  etcd: { kind: 'bootstrap' },
  environment: {},
  differences: {},
  ...overrides,
});

export const nodeMachine = (overrides: Partial<NodeMachine> = {}): NodeMachine => ({
  configuration: nodeConfiguration(),
  instance: instance(),
  apiHost: 'gke-0a1b2c3d-controlplane-1f.elb.eu-west-1.amazonaws.com',
  cpus: 2,
  directories: { certificates: '/run/pki', configuration: '/run/config', state: '/var/lib/kubelet' },
  ...overrides,
});

export const nodeConfiguration = (overrides: Partial<NodeConfiguration> = {}): NodeConfiguration => ({
  role: 'node',
  clusterId: 'gke-0a1b2c3d',
  region: 'eu-west-1',
  poolId: '1a2b3c4d',
  poolName: 'pool-0',
  versions: { kubernetes: '1.36.3' },
  endpoint: 'gke-0a1b2c3d-controlplane-1f.elb.eu-west-1.amazonaws.com',
  certificateAuthority: pem('root'),
  maxPodsPerNode: 110,
  labels: {},
  taints: [],
  ...overrides,
});

export const instance = (overrides: Partial<Instance> = {}): Instance => ({
  id: 'i-0123456789abcdef0',
  type: 'm5.large',
  region: 'eu-west-1',
  zone: 'eu-west-1b',
  address: '10.0.2.77',
  hostname: 'ip-10-0-2-77.eu-west-1.compute.internal',
  ...overrides,
});

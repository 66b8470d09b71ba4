/**
 * Account: what the sandbox's AWS account holds before Slipway does anything, as plain data.
 *
 * Owns: the facts that the seed's manifest names, with those very ids, so that its file applies as it stands.
 * Neighbours: `moto_semantics/account.py` makes them when moto starts; `main.ts` hands them over.
 */
import { ACCOUNT, REGION } from '../layout.ts';

export type AccountDescription = {
  readonly account: string;
  readonly region: string;
  readonly vpc: {
    readonly id: string;
    readonly name: string;
    readonly cidr: string;
    readonly subnets: readonly {
      readonly id: string;
      readonly name: string;
      readonly cidr: string;
      readonly zone: string;
      /** Whether its way out is the internet gateway, or the NAT gateway, which stands in the first that is public. */
      readonly public: boolean;
    }[];
  };
  readonly securityGroups: readonly {
    readonly id: string;
    readonly name: string;
    readonly description: string;
    readonly ingress: readonly { readonly port: number; readonly cidr: string }[];
  }[];
  readonly keyPairs: readonly { readonly name: string; readonly publicKey: string }[];
  readonly instanceProfiles: readonly string[];
  readonly kmsKeys: readonly { readonly id: string; readonly description: string }[];
  readonly buckets: readonly string[];
};

/** Where the sandbox's worker has snapshots of etcd kept. */
export const BUCKET = 'slipway-snapshots';

/** Calls with this access key id are served as `OTHER_ACCOUNT`: an empty account, for "the wrong credentials". */
export const OTHER_ACCOUNT_ACCESS_KEY = 'AKIAOTHERACCOUNT0000';
export const OTHER_ACCOUNT = '9876543210987';

/** In the seed's order: three private subnets, then three public ones, each over zones a, b and c. */
const SUBNET_IDS = [
  'subnet-08fdd9360320f5f27',
  'subnet-03babff7f9b5d4a7b',
  'subnet-072949cee3d082184',
  'subnet-06efa94e317c13730',
  'subnet-03808c78800c82a9d',
  'subnet-07b471ccadb908e9b',
];
const ZONES = ['a', 'b', 'c'];

/** Six subnets of 8190 addresses after the services' `127.N.0.x`: hundreds of clusters fit in. */
const largeSubnet = (network: number, index: number): string => `127.${network}.${(index + 1) * 32}.0/19`;

/**
 * The account of the sandbox on network `127.N`: its VPC is that network, so that every address in it is loopback. `large`
 * is for a stub sandbox with its many machines.
 */
export const accountOf = (network: number, size: 'usual' | 'large' = 'usual'): AccountDescription => ({
  account: ACCOUNT,
  region: REGION,
  vpc: {
    id: 'vpc-027d53db543f33b56',
    name: 'gke-404767c1',
    cidr: `127.${network}.0.0/16`,
    subnets: SUBNET_IDS.map((id, index) => ({
      id,
      name: `gke-404767c1-${index < ZONES.length ? 'private' : 'public'}-${index % ZONES.length}`,
      cidr: size === 'large' ? largeSubnet(network, index) : `127.${network}.${index + 1}.0/24`,
      zone: `${REGION}${ZONES[index % ZONES.length] ?? 'a'}`,
      public: index >= ZONES.length,
    })),
  },
  securityGroups: [
    {
      id: 'sg-0372ceaae4fc17084',
      name: 'gke-404767c1-bastion',
      description: 'SSH from the bastion host to the nodes of user clusters',
      ingress: [{ port: 22, cidr: `127.${network}.0.0/16` }],
    },
  ],
  keyPairs: [
    {
      name: 'gke-404767c1-keypair',
      publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKT69bO314ftlytKdG6hA6FtpBSR3VFOVti2n9OpgqVO gke-404767c1',
    },
  ],
  instanceProfiles: ['gke-404767c1-controlplane', 'gke-404767c1-nodepool'],
  kmsKeys: [
    {
      id: '12560928-59cf-4157-a29f-eecb4ec93fd2',
      description: 'Encrypts secrets of user clusters (databaseEncryption)',
    },
  ],
  buckets: [BUCKET],
});

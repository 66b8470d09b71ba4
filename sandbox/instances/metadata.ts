/**
 * Metadata: what an instance is told about itself at 169.254.169.254 on EC2, IMDSv2 only.
 *
 * Owns: the documents and the protocol, without a socket: a request in, an answer out. Neighbours: `metadata-server.ts`
 * listens for each instance; `credentials.ts` gets temporary credentials; the agent and the vendors' SDKs read.
 * Differences from EC2 (in the sandbox's table): port 1338 on the instance's own address instead of the link-local
 * one; who asks can't be told on loopback, and the hop limit has no meaning there; no signed identity documents.
 */
import { createHash } from 'node:crypto';
import { ACCOUNT, REGION } from '../layout.ts';
import type { InstanceView, NetworkInterfaceView } from './account.ts';
import type { MetadataTokens } from './tokens.ts';

export const METADATA_PORT = 1338;

export type RoleCredentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly token: string;
  /** ISO 8601. */
  readonly lastUpdated: string;
  readonly expiration: string;
};

export type MetadataSource = {
  readonly instance: InstanceView;
  readonly tokens: MetadataTokens;
  readonly credentials: (roleArn: string) => Promise<RoleCredentials>;
};

export type MetadataRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
};

export type MetadataAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
};

const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const MAXIMUM_TTL_SECONDS = 21_600;

const text = (
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): MetadataAnswer => ({
  status,
  headers: { 'content-type': 'text/plain', ...headers },
  body,
});

/** Answers one request of IMDSv2. */
export const answerMetadata = async (source: MetadataSource, request: MetadataRequest): Promise<MetadataAnswer> => {
  const path = decodeURIComponent(request.path.split('?')[0] ?? '/');
  if (path.replace(/\/$/, '') === '/latest/api/token') return issueToken(source, request);
  if (request.method !== 'GET' && request.method !== 'HEAD') return text(405, 'Only GET; PUT for /latest/api/token.\n');
  const token = request.headers[TOKEN_HEADER];
  if (typeof token !== 'string' || !source.tokens.isValid(token)) {
    return text(
      401,
      `IMDSv2 only: PUT /latest/api/token with ${TTL_HEADER}, then send the token as ${TOKEN_HEADER}.\n`,
    );
  }
  // Dated versions have the same tree as `latest` as far as it goes here.
  const versioned = /^\/(?:latest|\d{4}-\d{2}-\d{2})\/(.*)$/.exec(path);
  if (versioned === null) return path === '/' ? text(200, 'latest') : notFound(path);
  return read(source, versioned[1] ?? '');
};

const issueToken = (source: MetadataSource, request: MetadataRequest): MetadataAnswer => {
  if (request.method !== 'PUT') return text(405, 'A token is asked for with PUT.\n', { allow: 'PUT' });
  // As on EC2: a token that passed a reverse proxy would be anybody's.
  if (request.headers['x-forwarded-for'] !== undefined)
    return text(403, 'No tokens through a proxy (X-Forwarded-For).\n');
  const ttl = Number(request.headers[TTL_HEADER]);
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > MAXIMUM_TTL_SECONDS) {
    return text(400, `${TTL_HEADER} must be 1 to ${MAXIMUM_TTL_SECONDS}.\n`);
  }
  return text(200, source.tokens.issue(ttl), { [TTL_HEADER]: String(ttl) });
};

const notFound = (path: string): MetadataAnswer => text(404, `There is no ${path} here.\n`);

const read = async (source: MetadataSource, path: string): Promise<MetadataAnswer> => {
  const { instance } = source;
  if (path === 'user-data') {
    return instance.userData === null
      ? notFound(path)
      : text(200, Buffer.from(instance.userData, 'base64'), { 'content-type': 'application/octet-stream' });
  }
  const roleArn = roleArnOf(instance);
  if (roleArn !== undefined && path === `meta-data/iam/security-credentials/${nameOf(roleArn)}`) {
    const credentials = await source.credentials(roleArn);
    return text(
      200,
      JSON.stringify({
        Code: 'Success',
        LastUpdated: credentials.lastUpdated,
        Type: 'AWS-HMAC',
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        Token: credentials.token,
        Expiration: credentials.expiration,
      }),
      { 'content-type': 'application/json' },
    );
  }
  const leaves = leavesOf(instance);
  const leaf = leaves.get(path);
  if (leaf !== undefined) return text(200, leaf);
  const children = childrenOf([...leaves.keys()], path);
  return children.length === 0 ? notFound(path) : text(200, children.join('\n'));
};

const TAGS = 'meta-data/tags/instance/';

/** A directory's entries, directories among them with a slash. A tag's key is one entry even where it has slashes. */
const childrenOf = (paths: readonly string[], path: string): readonly string[] => {
  const directory = path === '' || path.endsWith('/') ? path : `${path}/`;
  const below = paths.filter((other) => other.startsWith(directory)).map((other) => other.slice(directory.length));
  if (directory === TAGS) return below.sort();
  const entries = below.map((rest) => {
    const slash = rest.indexOf('/');
    return slash === -1 ? rest : rest.slice(0, slash + 1);
  });
  return [...new Set(entries)].sort();
};

/** The role in the instance's profile; where the account doesn't tell it, the role of the profile's own name. */
const roleArnOf = (instance: InstanceView): string | undefined => {
  const profile = instance.iamInstanceProfile ?? undefined;
  if (profile === undefined) return undefined;
  return profile.roleArn ?? `arn:aws:iam::${ACCOUNT}:role/${profile.name}`;
};

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

export const privateDnsName = (address: string): string =>
  `ip-${address.replaceAll('.', '-')}.${REGION}.compute.internal`;

/** Every document of the tree by its path below the version, but for credentials and user data. */
const leavesOf = (instance: InstanceView): ReadonlyMap<string, string> => {
  const address = instance.privateIp ?? '';
  const [primary] = instance.enis;
  const role = roleArnOf(instance);
  const leaves: Record<string, string> = {
    'ami-id': instance.imageId,
    'ami-launch-index': '0',
    hostname: privateDnsName(address),
    'instance-action': 'none',
    'instance-id': instance.id,
    'instance-life-cycle': 'on-demand',
    'instance-type': instance.instanceType,
    'local-hostname': privateDnsName(address),
    'local-ipv4': address,
    'placement/availability-zone': instance.az,
    'placement/region': REGION,
    'services/domain': 'amazonaws.com',
    'services/partition': 'aws',
    ...(primary === undefined ? {} : { mac: macOf(primary) }),
    ...Object.fromEntries(instance.enis.flatMap((eni) => interfaceLeaves(instance, eni))),
    ...Object.fromEntries(Object.entries(instance.tags).map(([key, value]) => [`tags/instance/${key}`, value])),
    ...(role === undefined ? {} : iamLeaves(instance, role)),
  };
  const identity = {
    accountId: ACCOUNT,
    architecture: 'x86_64',
    availabilityZone: instance.az,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    pendingTime: instance.launchTime ?? null,
    privateIp: address,
    region: REGION,
    version: '2017-09-30',
  };
  return new Map([
    ...Object.entries(leaves).map(([path, value]) => [`meta-data/${path}`, value] as const),
    ['dynamic/instance-identity/document', JSON.stringify(identity, undefined, 2)] as const,
    ...(instance.userData === null ? [] : [['user-data', ''] as const]),
  ]);
};

const interfaceLeaves = (instance: InstanceView, eni: NetworkInterfaceView): readonly (readonly [string, string])[] => {
  const prefix = `network/interfaces/macs/${macOf(eni)}`;
  return [
    [`${prefix}/device-number`, String(eni.index)],
    [`${prefix}/interface-id`, eni.id],
    [`${prefix}/local-hostname`, privateDnsName(eni.ip)],
    [`${prefix}/local-ipv4s`, eni.ip],
    [`${prefix}/mac`, macOf(eni)],
    [`${prefix}/owner-id`, ACCOUNT],
    [`${prefix}/subnet-id`, eni.subnetId ?? instance.subnetId],
    [`${prefix}/vpc-id`, instance.vpcId],
  ];
};

const iamLeaves = (instance: InstanceView, roleArn: string): Record<string, string> => ({
  'iam/info': JSON.stringify({
    Code: 'Success',
    LastUpdated: instance.launchTime ?? null,
    InstanceProfileArn: instance.iamInstanceProfile?.arn,
    InstanceProfileId: instance.iamInstanceProfile?.name,
  }),
  // Listed here; read above, because it has to be asked for.
  [`iam/security-credentials/${nameOf(roleArn)}`]: '',
});

/** The account's own address of the interface, or one of the kind that EC2 gives, the same at each look. */
const macOf = (eni: NetworkInterfaceView): string => {
  if (eni.mac !== undefined && eni.mac !== null) return eni.mac;
  const digest = createHash('sha256').update(eni.id).digest('hex');
  return `02:${[0, 2, 4, 6, 8].map((at) => digest.slice(at, at + 2)).join(':')}`;
};

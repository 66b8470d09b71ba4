/**
 * Operations: which calls of AWS Slipway's source makes, and which IAM actions each needs.
 *
 * Owns: the reading of imports from `@aws-sdk/…`, and the one table in which an operation's permissions differ from its
 * name. Neighbours: `roles.ts` reads `deploy/iam/`; the sandbox's record names operations in the same way.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHECKOUT = join(import.meta.dirname, '../..');

/** `ec2 DescribeVolumes`, as the sandbox's proxy records services and operations. */
export type Operation = `${string} ${string}`;

const SERVICES: Readonly<Record<string, string>> = {
  'auto-scaling': 'autoscaling',
  ec2: 'ec2',
  'elastic-load-balancing': 'elb',
  'elastic-load-balancing-v2': 'elbv2',
  iam: 'iam',
  kms: 'kms',
  s3: 's3',
  'service-quotas': 'servicequotas',
  sts: 'sts',
};

const serviceOf = (client: string, path: string): string => {
  const service = SERVICES[client];
  if (service === undefined) {
    throw new Error(
      `${path} uses @aws-sdk/client-${client}: say in test/deploy/operations.ts how the record calls it.`,
    );
  }
  return service;
};

const STATIC = /^import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)';/gm;
/** Awaited at once, or with others. */
const DYNAMIC = /(?<!typeof )\bimport\('@aws-sdk\/client-([\w-]+)'\)/g;

/** What the SDK's upload in parts calls, which no import names. */
const UPLOAD: readonly Operation[] = [
  's3 AbortMultipartUpload',
  's3 CompleteMultipartUpload',
  's3 CreateMultipartUpload',
  's3 PutObject',
  's3 UploadPart',
];

const operationIn = (imported: string): string | undefined =>
  /^(\w+)Command(?: as \w+)?$/.exec(imported)?.[1] ?? /^paginate(\w+?)(?: as \w+)?$/.exec(imported)?.[1];

/** Every operation that a source text can call. */
export const operationsIn = (text: string, path: string): readonly Operation[] => {
  if (/\bwaitUntil[A-Z]/.test(text)) throw new Error(`${path} uses a waiter, whose calls no import names.`);
  const imported = [...text.matchAll(STATIC)].flatMap(([, names = '', client = '']) =>
    names
      .split(',')
      .map((name) => operationIn(name.trim()))
      .filter((name) => name !== undefined)
      .map((name): Operation => `${serviceOf(client, path)} ${name}`),
  );
  const known = new Set(imported.map((operation) => operation.split(' ')[1]));
  const loaded = [...text.matchAll(DYNAMIC)];
  if (loaded.length > 1) throw new Error(`${path} loads several clients: whose commands are whose can't be told.`);
  const late = loaded.flatMap(([, client = '']) =>
    [...text.matchAll(/\b([A-Z]\w+)Command\b|\.paginate([A-Z]\w+)\b/g)]
      .map(([, command = '', paged = command]) => paged)
      .filter((name) => !known.has(name))
      .map((name): Operation => `${serviceOf(client, path)} ${name}`),
  );
  const uploads = text.includes("'@aws-sdk/lib-storage'") ? UPLOAD : [];
  return [...imported, ...late, ...uploads];
};

/** Every operation that the sources in some rooms can call, each once, sorted. */
export const operationsOf = (...rooms: readonly string[]): readonly Operation[] => {
  const all = rooms.flatMap((room) =>
    readdirSync(join(CHECKOUT, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => operationsIn(readFileSync(join(CHECKOUT, room, file), 'utf8'), `${room}/${file}`)),
  );
  return [...new Set(all)].sort();
};

/** What AWS checks beside, or instead of, the action that has the operation's name. */
const BESIDE: Readonly<Record<Operation, readonly string[]>> = {
  // A group is checked for everything that it will do by its template.
  'autoscaling CreateAutoScalingGroup': [
    'autoscaling:CreateAutoScalingGroup',
    'ec2:RunInstances',
    'ec2:CreateTags',
    'iam:PassRole',
    'iam:CreateServiceLinkedRole',
  ],
  'autoscaling UpdateAutoScalingGroup': ['autoscaling:UpdateAutoScalingGroup', 'ec2:RunInstances', 'iam:PassRole'],
  // To be made with tags is to be tagged.
  'ec2 CreateLaunchTemplate': ['ec2:CreateLaunchTemplate', 'ec2:CreateTags'],
  'ec2 CreateNetworkInterface': ['ec2:CreateNetworkInterface', 'ec2:CreateTags'],
  'ec2 CreateSecurityGroup': ['ec2:CreateSecurityGroup', 'ec2:CreateTags'],
  // Encrypted with a key of the customer's, EC2 uses it in the caller's name.
  'ec2 CreateVolume': [
    ...['ec2:CreateVolume', 'ec2:CreateTags', 'kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey'],
    ...['kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
  ],
  'ec2 AttachVolume': ['ec2:AttachVolume', 'kms:CreateGrant'],
  'elb CreateLoadBalancer': [
    'elasticloadbalancing:CreateLoadBalancer',
    'elasticloadbalancing:AddTags',
    'iam:CreateServiceLinkedRole',
  ],
  'elbv2 CreateLoadBalancer': [
    'elasticloadbalancing:CreateLoadBalancer',
    'elasticloadbalancing:AddTags',
    'iam:CreateServiceLinkedRole',
  ],
  'elbv2 CreateListener': ['elasticloadbalancing:CreateListener', 'elasticloadbalancing:AddTags'],
  'elbv2 CreateTargetGroup': ['elasticloadbalancing:CreateTargetGroup', 'elasticloadbalancing:AddTags'],
  // Encrypted under a key of the customer's, S3 uses it in the caller's name; what comes in parts is decrypted to be put together.
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
  's3 PutObject': ['s3:PutObject', 'kms:GenerateDataKey'],
  's3 CreateMultipartUpload': ['s3:PutObject', 'kms:GenerateDataKey'],
  's3 UploadPart': ['s3:PutObject', 'kms:Decrypt', 'kms:GenerateDataKey'],
  's3 CompleteMultipartUpload': ['s3:PutObject', 'kms:Decrypt'],
  's3 ListObjectsV2': ['s3:ListBucket'],
  // Everybody may ask who they are.
  'sts GetCallerIdentity': [],
};

/** Both generations of load balancing are one service to IAM. */
const PREFIXES: Readonly<Record<string, string>> = { elb: 'elasticloadbalancing', elbv2: 'elasticloadbalancing' };

/** The IAM actions that a caller of these operations needs, each once, sorted. */
export const actionsFor = (operations: readonly Operation[]): readonly string[] => {
  const all = operations.flatMap((operation) => {
    const [service = '', name = ''] = operation.split(' ');
    return BESIDE[operation] ?? [`${PREFIXES[service] ?? service}:${name}`];
  });
  return [...new Set(all)].sort();
};

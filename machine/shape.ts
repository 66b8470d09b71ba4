/**
 * Shape: whether what a machine is told from outside can be what it claims to be, before anything is made of it.
 *
 * Owns: the form of each value in a machine configuration and in instance metadata, as pure functions that name what is
 * wrong. Values become folders, URLs, arguments, lines of files and names in Kubernetes, so that one with a slash, a
 * comma or a line break in it would say something else there than here.
 * Neighbours: `api/` has the forms that admission asks for as well; `configuration.ts` is the format; `agent/user-data.ts` and
 * `agent/metadata.ts` read documents; the sealed part's cipher proves later who wrote a configuration, `envelope.ts`.
 */
import { KMS_KEY_ARN } from '../api/aws-limits.ts';
import { DNS_NAME, type Form, isLabelKey, isLabelValue } from '../api/kubernetes-names.ts';
import { REGION_PATTERN, ZONE_PATTERN } from '../api/regions.ts';
import type { NodeConfiguration, ReplicaConfiguration, SealedDocument } from './configuration.ts';
import type { Instance } from './node.ts';

type Check = (value: unknown) => boolean;
type Checks<T> = { readonly [K in keyof Required<T>]: Check };

const LONGEST = 2_048;

const text =
  (pattern: RegExp, longest = LONGEST): Check =>
  (value) =>
    typeof value === 'string' && value.length <= longest && pattern.test(value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const whole =
  (least: number, most: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;

const listOf =
  (check: Check, least: number, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most && value.every(check);

const BYTE = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ADDRESS = `${BYTE}(\\.${BYTE}){3}`;
const PEM = /^-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+\n-----END CERTIFICATE-----\s*$/;

const ofForm = ({ pattern, longest }: Form): Check => text(pattern, longest);

/** A DNS name as hosts and Kubernetes objects have it. */
export const isDnsName: Check = ofForm(DNS_NAME);

const address = text(new RegExp(`^${ADDRESS}$`));
const range = text(new RegExp(`^${ADDRESS}/([12]?\\d|3[0-2])$`));
const region = text(REGION_PATTERN, 40);
const clusterId = text(/^gke-[0-9a-f]{8}$/);
const version = text(/^\d+\.\d+\.\d+$/, 30);
/** The part of an EC2 id after its kind. */
const id = (kind: string): Check => text(new RegExp(`^${kind}-[0-9a-z]{1,32}$`));
const certificate = text(PEM, 16_384);
const base64 = text(/^[A-Za-z0-9+/]+={0,2}$/, 65_536);

/** Of what earlier formats don't tell. */
const orAbsent =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

/** The first value that is not as it should be, by its name, or undefined. */
const firstWrong = (value: Readonly<Record<string, unknown>>, checks: Readonly<Record<string, Check>>) =>
  Object.keys(checks).find((name) => checks[name]?.(Object.hasOwn(value, name) ? value[name] : undefined) !== true);

const within =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && firstWrong(value, checks) === undefined;

const replica: Checks<ReplicaConfiguration> = {
  role: (value) => value === 'replica',
  clusterId,
  clusterName: isDnsName,
  region,
  index: whole(0, 8),
  versions: within({ kubernetes: version, etcd: version, cloudController: version }),
  endpoint: isDnsName,
  volumeId: id('vol'),
  networkInterfaceId: id('eni'),
  memberAddresses: listOf(address, 1, 9),
  vpcId: id('vpc'),
  subnetId: id('subnet'),
  podCidr: range,
  serviceCidr: range,
  kmsKeyArn: ofForm(KMS_KEY_ARN),
  certificateAuthorities: within({ root: certificate, etcd: certificate, frontProxy: certificate }),
};

const labelKey: Check = (value) => typeof value === 'string' && isLabelKey(value);
const labelValue: Check = (value) => typeof value === 'string' && isLabelValue(value);

const labels: Check = (value) =>
  isRecord(value) && Object.entries(value).every(([key, own]) => labelKey(key) && labelValue(own));

const taint: Check = (value) =>
  isRecord(value) &&
  labelKey(value['key']) &&
  (value['value'] === undefined || labelValue(value['value'])) &&
  ['NoSchedule', 'PreferNoSchedule', 'NoExecute'].some((effect) => value['effect'] === effect);

const node: Checks<NodeConfiguration> = {
  role: (value) => value === 'node',
  clusterId,
  region,
  poolId: text(/^[0-9a-f]{8}$/),
  poolName: isDnsName,
  versions: within({ kubernetes: version }),
  endpoint: isDnsName,
  loadBalancer: orAbsent(text(/^gke-[0-9a-f]{8}-controlplane$/)),
  clusterDns: orAbsent(address),
  certificateAuthority: certificate,
  maxPodsPerNode: whole(1, 1_024),
  labels,
  taints: listOf(taint, 0, 256),
};

const sealed: Checks<SealedDocument> = { encryptedKey: base64, nonce: base64, tag: base64, ciphertext: base64 };

/** What is wrong with a document that says it is a machine configuration with its sealed part, or undefined. */
export const userDataDefect = (configuration: unknown, sealedPart: unknown): string | undefined => {
  if (!isRecord(configuration)) return 'configuration';
  const checks = configuration['role'] === 'replica' ? replica : node;
  const wrong = firstWrong(configuration, checks);
  if (wrong !== undefined) return `configuration.${wrong}`;
  const { index, memberAddresses } = configuration;
  if (Array.isArray(memberAddresses) && Number(index) >= memberAddresses.length) return 'configuration.index';
  if (!isRecord(sealedPart)) return 'sealed';
  const unsealable = firstWrong(sealedPart, sealed);
  return unsealable === undefined ? undefined : `sealed.${unsealable}`;
};

const instance: Checks<Instance> = {
  id: id('i'),
  type: text(/^[a-z0-9-]+\.[a-z0-9-]+$/, 63),
  region,
  zone: text(ZONE_PATTERN, 63),
  address,
  hostname: isDnsName,
};

/** What is wrong with what metadata says of an instance, by its name, or undefined. */
export const instanceDefect = (value: Instance): keyof Instance | undefined =>
  firstWrong(value, instance) as keyof Instance | undefined;

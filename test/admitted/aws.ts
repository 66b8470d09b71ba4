/**
 * What AWS would refuse of a topology whatever the account holds: an oracle of its own, in the words of AWS's documentation.
 *
 * Owns: the static limits as they are documented, written down a second time on purpose: a number that is wrong in `api/aws-limits.ts`
 * shows here. Neighbours: the sandbox's double refuses the same, but takes seconds for a cluster.
 */
import type { Resource } from '../../kinds/resource.ts';

type Volume = { readonly sizeGiB: number; readonly type: string; readonly iops?: number; readonly throughput?: number };

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html */
const volumeRefusal = ({ sizeGiB, type, iops, throughput }: Volume): string | undefined => {
  const is = (...types: readonly string[]) => types.includes(type);
  if (is('gp2', 'io1') && sizeGiB > 16 * 1_024) return `${type} of ${sizeGiB} GiB`;
  if (sizeGiB > 64 * 1_024) return `${sizeGiB} GiB`;
  if (is('io1', 'io2') && sizeGiB < 4) return `${type} of ${sizeGiB} GiB`;
  if (is('io1', 'io2') && iops === undefined) return `${type} without iops`;
  if (is('gp2') && (iops !== undefined || throughput !== undefined)) return 'gp2 with iops';
  if (is('io1', 'io2') && throughput !== undefined) return `${type} with throughput`;
  if (iops === undefined)
    return throughput !== undefined && throughput > 750 ? 'gp3 throughput beyond its iops' : undefined;
  if (is('gp3') && (iops < 3_000 || iops > 80_000 || (iops > 3_000 && iops > 500 * sizeGiB)))
    return `gp3 ${iops} on ${sizeGiB}`;
  if (is('io1') && (iops > 64_000 || iops > 50 * sizeGiB)) return `io1 ${iops} on ${sizeGiB}`;
  if (is('io2') && (iops > 256_000 || iops > 1_000 * sizeGiB)) return `io2 ${iops} on ${sizeGiB}`;
  if (throughput !== undefined && (throughput > 2_000 || throughput * 4 > iops))
    return `gp3 throughput ${throughput} with ${iops}`;
  return undefined;
};

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html, and EC2's, which is wider. */
const tagRefusals = (tags: Readonly<Record<string, string>>): readonly string[] => [
  ...(Object.keys(tags).length > 50 ? [`${Object.keys(tags).length} tags`] : []),
  ...Object.entries(tags)
    .filter(
      ([key, value]) =>
        !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) ||
        !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value) ||
        // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-tags.html
        [key, value].some((text) => /^\p{Z}|\p{Z}$/u.test(text)) ||
        key.toLowerCase().startsWith('aws:'),
    )
    .map(([key, value]) => `tag ${JSON.stringify(key)}=${JSON.stringify(value)}`),
];

const LONGEST_NAMES: Readonly<Partial<Record<Resource['kind'], number>>> = {
  'security-group': 255,
  'load-balancer': 32,
  'target-group': 32,
  'launch-template': 128,
  'auto-scaling-group': 255,
};

type Told = {
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly rootVolume?: Volume;
  readonly sizeGiB?: number;
};

/** Why AWS would not make the resource, each as a few words. */
export const refusedByAws = ({ key, kind, properties }: Resource): readonly string[] => {
  const { name, tags = {}, rootVolume } = properties as Told;
  const volume = kind === 'etcd-volume' ? (properties as unknown as Volume) : rootVolume;
  const longest = LONGEST_NAMES[kind];
  return [
    ...(longest !== undefined && name !== undefined && name.length > longest ? [`name ${name}`] : []),
    ...(volume === undefined ? [] : [volumeRefusal(volume) ?? []].flat()),
    ...tagRefusals(tags),
  ].map((what) => `${key}: ${what}`);
};

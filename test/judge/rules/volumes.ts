/** Volumes: sizes, rates and zones, in calls of their own and in launch templates. */
import type { Fault } from '../finding.ts';
import { has, numberIn, type Parameters, structureIn, structuresIn, textIn } from '../parameters.ts';
import { type Rule, when } from './rule.ts';

const TYPES_PAGE = 'https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html';

type Limits = {
  /** In GiB. */
  readonly size: readonly [number, number];
  readonly iops?: { readonly range: readonly [number, number]; readonly perGiB: number; readonly always: number };
};

const TYPES: Readonly<Record<string, Limits>> = {
  gp2: { size: [1, 16_384] },
  gp3: { size: [1, 65_536], iops: { range: [3_000, 80_000], perGiB: 500, always: 3_000 } },
  io1: { size: [4, 16_384], iops: { range: [100, 64_000], perGiB: 50, always: 0 } },
  io2: { size: [4, 65_536], iops: { range: [100, 256_000], perGiB: 1_000, always: 0 } },
  st1: { size: [125, 16_384] },
  sc1: { size: [125, 16_384] },
  standard: { size: [1, 1_024] },
};

/** A volume as some call describes it. */
type Volume = {
  readonly where: string;
  readonly type: string | undefined;
  readonly size: number | undefined;
  readonly parameters: Parameters;
};

const rateFaults = ({ where, type, size, parameters }: Volume, limits: Limits): readonly Fault[] => {
  const iops = numberIn(parameters, 'Iops');
  if (iops === undefined) return when(type === 'io1' || type === 'io2', where, `${type} needs Iops`, type);
  if (limits.iops === undefined) return when(true, where, `${type} takes no Iops`, iops);
  const { range, perGiB, always } = limits.iops;
  const most = size === undefined ? range[1] : Math.min(range[1], Math.max(always, perGiB * size));
  return when(
    iops < range[0] || iops > most,
    where,
    `${iops} iops: ${type} of this size has ${range[0]} to ${most}`,
    iops,
  );
};

const throughputFaults = ({ where, type, parameters }: Volume): readonly Fault[] => {
  const throughput = numberIn(parameters, 'Throughput');
  if (throughput === undefined) return [];
  const most = Math.min(2_000, 0.25 * (numberIn(parameters, 'Iops') ?? 3_000));
  const broken = type !== 'gp3' || throughput < 125 || throughput > most;
  return when(broken, where, `a throughput of ${throughput} MiB/s: gp3 only, 125 to ${most} with its iops`, throughput);
};

const volumeFaults = (volume: Volume): readonly Fault[] => {
  const { where, type, size, parameters } = volume;
  if (type === undefined) return [];
  const limits = TYPES[type];
  if (limits === undefined) return [{ where, what: `there is no volume type ${type}`, value: type }];
  const [least, most] = limits.size;
  const outside = size !== undefined && (size < least || size > most);
  return [
    ...when(outside, where, `${type} has ${least} to ${most} GiB, not ${size}`, size),
    ...rateFaults(volume, limits),
    ...throughputFaults(volume),
    ...when(
      has(parameters, 'KmsKeyId') && parameters['Encrypted'] !== true,
      where,
      'KmsKeyId means nothing without Encrypted',
    ),
  ];
};

const ofTemplate = (parameters: Parameters): readonly Volume[] =>
  structuresIn(structureIn(parameters, 'LaunchTemplateData'), 'BlockDeviceMappings')
    .map((mapping) => structureIn(mapping, 'Ebs'))
    .map((ebs) => ({
      where: 'LaunchTemplateData.BlockDeviceMappings[].Ebs',
      type: textIn(ebs, 'VolumeType') ?? 'gp2',
      size: numberIn(ebs, 'VolumeSize'),
      parameters: ebs,
    }));

const described = (operation: string, parameters: Parameters): readonly Volume[] => {
  if (operation.startsWith('CreateLaunchTemplate')) return ofTemplate(parameters);
  const type = textIn(parameters, 'VolumeType') ?? (operation === 'CreateVolume' ? 'gp2' : undefined);
  return [{ where: '', type, size: numberIn(parameters, 'Size'), parameters }];
};

export const VOLUME_RULES: readonly Rule[] = [
  {
    name: 'ec2.volume',
    page: TYPES_PAGE,
    service: 'ec2',
    operations: ['CreateVolume', 'ModifyVolume', 'CreateLaunchTemplate', 'CreateLaunchTemplateVersion'],
    faults: ({ operation, parameters }) => described(operation, parameters).flatMap(volumeFaults),
  },
  {
    name: 'ec2.volume-size',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html',
    service: 'ec2',
    operations: ['CreateVolume'],
    faults: ({ parameters }) =>
      when(!has(parameters, 'Size') && !has(parameters, 'SnapshotId'), 'Size', 'a volume has a size or a snapshot'),
  },
  {
    name: 'ec2.zone',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html',
    service: 'ec2',
    operations: ['CreateVolume'],
    faults: ({ parameters, region }) => {
      const zone = textIn(parameters, 'AvailabilityZone') ?? '';
      return when(zone !== '' && !zone.startsWith(region), 'AvailabilityZone', `${zone} is not in ${region}`, zone);
    },
  },
  {
    name: 'ec2.device',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html',
    service: 'ec2',
    operations: ['AttachVolume'],
    faults: ({ parameters }) => {
      const device = textIn(parameters, 'Device') ?? '';
      const taken = !/^\/dev\/(sd[f-p][1-6]?|xvd[b-z]|xvd[b-d][a-z])$/.test(device);
      return when(taken, 'Device', `${device}: data volumes have /dev/sd[f-p] or /dev/xvd[b-d][a-z]`, device);
    },
  },
];

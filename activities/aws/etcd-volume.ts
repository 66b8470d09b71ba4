/**
 * Etcd volume: the disk of one replica, which outlives its instances.
 *
 * Owns: the volume. Its client token makes a repeated create answer with the same volume (I2). EBS looks at the key only after
 * it has answered, and drops a volume that it can't encrypt: a volume counts once it is available. The tag that says what an
 * empty disk may do is written at creation only: afterwards it belongs to `established.ts` and to repair, never to an
 * update (I5). One that takes another's place is told of upgrades what the others were told. Neighbours: the agent attaches it;
 * `volumes.ts` reads volumes, `upgrade-mark.ts` writes what upgrades say.
 */
import {
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DeleteVolumeCommand,
  type EC2Client,
  ModifyVolumeCommand,
  type Volume,
  type VolumeType,
} from '@aws-sdk/client-ec2';
import { compareMinors, type Minor, minorIn, newerMinor } from '../../api/minor.ts';
import { EMPTY_DISK_TAG, type EmptyDisk, KEY_TAG } from '../../api/names.ts';
import { backupTextOf, type EtcdVolumeState, performanceOf } from '../../kinds/etcd-volume.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { Tags } from '../../kinds/row.ts';
import { servesIn } from '../../machine/serves.ts';
import { BACKUP_TAG } from '../../words/backup-schedule.ts';
import { deleteVolumeCommand } from '../../words/commands.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import type { ResourceKey } from '../../words/keys.ts';
import { ORDER_TAG, orderIn, REPORT_TAG, type Report, reportIn } from '../../words/orders.ts';
import { present } from '../../words/present.ts';
import { RESTORED_TAG } from '../../words/restore.ts';
import { ended } from '../../words/text.ts';
import type { Candidate, Made, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { BECOMES_VISIBLE_MS } from '../settling.ts';
import { blockedError, supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { setInEc2, tagInEc2 } from './tagging.ts';
import { belongsTo, carriedBy, clientToken, given, ownedTags, tagList, tagRecord } from './tags.ts';
import { type EtcdVolumes, exists, volumeExists } from './volumes.ts';

/** A tag that isn't there, or says something new, never allows to bootstrap (I5). */
export const emptyDiskOf = (volume: Volume): EmptyDisk => {
  const tag = tagRecord(volume.Tags)[EMPTY_DISK_TAG];
  return tag === 'bootstrap' || tag === 'join' ? tag : 'wait';
};

/** An attachment that has ended is listed for a moment. */
const holderOf = ({ Attachments = [] }: Volume): string | undefined =>
  Attachments.find(({ State }) => State !== 'detached')?.InstanceId;

/** Whom its agent has taken out of service: nobody but who ordered that, or another machine, brings it back soon. */
const leftBy = (tags: Tags, report: Report | undefined): EtcdVolumeState['left'] => {
  const order = orderIn(tags[ORDER_TAG]);
  if (order?.verb !== 'leave' || report?.token !== order.token || report.result !== 'done') return undefined;
  return { instanceId: order.instanceId, until: order.until };
};

/** What upgrades wrote on it, and what its agent says. */
const upgradeOf = (tags: Tags, holder: string | undefined) => {
  const report = reportIn(tags[REPORT_TAG]);
  return present({
    left: leftBy(tags, report),
    emulates: minorIn(tags[EMULATES_TAG]),
    committed: minorIn(tags[COMMITTED_TAG]),
    serves: report?.result === 'done' ? servesIn(report.says) : undefined,
    // An agent that can start nothing says so by its machine's id, and follows no orders.
    refuses: report?.result === 'failed' && report.token === holder ? report.why : undefined,
  });
};

export const foundVolume = (key: ResourceKey, volume: Volume): FoundOf<'etcd-volume'> =>
  observed(
    'etcd-volume',
    key,
    { id: given(volume.VolumeId, 'a volume id') },
    {
      name: tagRecord(volume.Tags).Name ?? '',
      availabilityZone: given(volume.AvailabilityZone, 'a zone'),
      sizeGiB: volume.Size ?? 0,
      type: volume.VolumeType ?? '',
      ...(volume.Iops === undefined ? {} : { iops: volume.Iops }),
      ...(volume.Throughput === undefined ? {} : { throughput: volume.Throughput }),
      emptyDisk: emptyDiskOf(volume),
      ...present({ holder: holderOf(volume) }),
      ...upgradeOf(tagRecord(volume.Tags), holderOf(volume)),
      ...present({ backup: tagRecord(volume.Tags)[BACKUP_TAG], restored: tagRecord(volume.Tags)[RESTORED_TAG] }),
      ...(volume.State === 'error' ? { failed: true as const } : {}),
    },
    carriedBy(tagRecord(volume.Tags)),
  );

/**
 * A disk that takes another's place is made only where that one is proven gone, by its own id: one that only lost its
 * tags may hold the data (I5, I12).
 */
const refuseIfThere = async (ec2: EC2Client, wanted: Wanted<'etcd-volume'>): Promise<void> => {
  const { former } = wanted.properties;
  if (former === undefined || !(await volumeExists(ec2, former, wanted.signal))) return;
  throw supersededError(`Volume ${former}, in whose place ${wanted.key} was to be made, exists after all.`);
};

/** As often another one is made in place of one that EBS has dropped; a token that was used once answers with that one for ever. */
const MOST_DROPPED = 8;

const keyOf = ({ kmsKeyId }: Pick<Wanted<'etcd-volume'>['properties'], 'kmsKeyId'>): string =>
  kmsKeyId === undefined ? "the account's default key for EBS" : `KMS key ${kmsKeyId}`;

/** EBS looks at the key later, and says nothing of what it found: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html */
const whyDropped = ({ properties }: Wanted<'etcd-volume'>): string =>
  `as EBS does with what it can't encrypt with ${keyOf(properties)}: see that the key is enabled, and that its policy lets ` +
  'the worker use it through EC2 (kms:CreateGrant, kms:Decrypt, kms:DescribeKey, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*)';

/**
 * What a new disk is told of upgrades: a commit that any of the others knows, and the oldest minor that one of them serves as. A machine
 * that boots over a disk that remembers nothing believes its tags, and must neither be lifted nor start below the floor. And of which
 * restore they are: that one is done, whoever's disk is lost afterwards.
 */
export const marksOfOthers = (volumes: readonly Volume[]): Tags => {
  const said = (key: string): readonly Minor[] =>
    volumes.flatMap(({ Tags: tags }) => minorIn(tagRecord(tags)[key]) ?? []);
  const committed = said(COMMITTED_TAG).reduce<Minor | undefined>(newerMinor, undefined);
  const [emulates] = said(EMULATES_TAG).toSorted(compareMinors);
  const restored = volumes.flatMap(({ Tags: tags }) => tagRecord(tags)[RESTORED_TAG] ?? []).at(0);
  return present({ [EMULATES_TAG]: emulates, [COMMITTED_TAG]: committed, [RESTORED_TAG]: restored }) as Tags;
};

/** `dropped`: how many that this one takes the place of. */
const volumeAskedFor = (wanted: Wanted<'etcd-volume'>, marks: Tags, dropped: number): CreateVolumeCommandInput => {
  const { availabilityZone, sizeGiB, type, iops, throughput, kmsKeyId, emptyDisk, name, tags } = wanted.properties;
  const all = ownedTags(wanted, {
    ...{ Name: name, ...tags, ...marks },
    ...(present({ [BACKUP_TAG]: backupTextOf(wanted.properties, undefined) }) as Tags),
    [EMPTY_DISK_TAG]: emptyDisk,
  });
  return {
    AvailabilityZone: availabilityZone,
    Size: sizeGiB,
    VolumeType: type as VolumeType,
    Encrypted: true,
    ClientToken: clientToken(wanted, dropped === 0 ? '' : `dropped ${dropped}`),
    TagSpecifications: [{ ResourceType: 'volume', Tags: tagList(all) }],
    ...(iops === undefined ? {} : { Iops: iops }),
    ...(throughput === undefined ? {} : { Throughput: throughput }),
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
  };
};

const createVolume = async (ec2: EC2Client, wanted: Wanted<'etcd-volume'>, marks: Tags, dropped = 0): Promise<Made> => {
  const answer = await ec2.send(new CreateVolumeCommand(volumeAskedFor(wanted, marks, dropped)));
  const id = given(answer.VolumeId, 'a volume id');
  const age = Date.now() - (answer.CreateTime?.getTime() ?? Date.now());
  const { State: state = 'creating' } = answer;
  if (age < BECOMES_VISIBLE_MS || (await volumeExists(ec2, id, wanted.signal))) {
    return { outputs: { id }, ...(state === 'available' ? {} : { settling: `Volume ${id} is ${state}.` }) };
  }
  // An earlier try made it, and no listing shows it any more. Another is made at once: a key that was mended since takes it.
  if (dropped < MOST_DROPPED) await createVolume(ec2, wanted, marks, dropped + 1);
  throw blockedError(`Volume ${id}, which was made for ${wanted.key}, is gone, ${ended(whyDropped(wanted))}`);
};

const whyFailed = ({ owner }: Pick<Sought<'etcd-volume'>, 'owner'>, id: string): string =>
  `Volume ${id} is in the state error, and nothing on it can be read. Remove it with \`${deleteVolumeCommand(owner.region, id)}\`.`;

const candidateOf = (wanted: Sought<'etcd-volume'>, volume: Volume): Candidate<'etcd-volume'> => {
  const { VolumeId: id = '?', State: state } = volume;
  return {
    ...foundVolume(wanted.key, volume),
    label: `volume ${id}`,
    belongsTo: belongsTo(tagRecord(volume.Tags), wanted),
    ...(state === 'creating' ? { settling: `Volume ${id} is being created.` } : {}),
    ...(state === 'error' ? { spoilt: whyFailed(wanted, id) } : {}),
  };
};

export const etcdVolumeDriver = (
  { ec2 }: Pick<AwsClients, 'ec2'>,
  etcdVolumes: EtcdVolumes,
): ResourceDriver<'etcd-volume'> => ({
  kind: 'etcd-volume',

  async candidates(wanted) {
    const volumes = (await etcdVolumes(wanted)).filter(({ Tags }) => tagRecord(Tags)[KEY_TAG] === wanted.key);
    return volumes.filter(exists).map((volume) => candidateOf(wanted, volume));
  },

  async create(wanted) {
    await refuseIfThere(ec2, wanted);
    // A disk that founds a cluster has no others that were upgraded.
    const founds = wanted.properties.emptyDisk === 'bootstrap';
    return createVolume(ec2, wanted, founds ? {} : marksOfOthers((await etcdVolumes(wanted)).filter(exists)));
  },

  /** In one call: AWS takes the next change of a volume only hours later. */
  async update(wanted, found, differences) {
    if (found.state.failed === true) throw blockedError(whyFailed(wanted, found.outputs.id ?? '?'));
    const text = backupTextOf(wanted.properties, found.state.backup);
    if (text !== undefined && text !== found.state.backup) {
      await setInEc2(ec2, [given(found.outputs.id, `the id of ${wanted.key}`)], { [BACKUP_TAG]: text });
    }
    if (differences.every(({ what }) => what === 'backup')) return { outputs: found.outputs, change: 'updated' };
    const { sizeGiB, type } = wanted.properties;
    const { iops, throughput } = performanceOf(wanted.properties);
    const { sizeGiB: held } = found.state;
    await ec2.send(
      new ModifyVolumeCommand({
        VolumeId: found.outputs.id,
        Size: Math.max(sizeGiB, held),
        VolumeType: type as VolumeType,
        ...(iops === undefined ? {} : { Iops: iops }),
        ...(throughput === undefined ? {} : { Throughput: throughput }),
      }),
    );
    return { outputs: found.outputs, change: 'updated' };
  },

  retag: (wanted, found, tagging) => tagInEc2(ec2, [given(found.outputs.id, `the id of ${wanted.key}`)], tagging),

  async remove(wanted, found) {
    await ec2.send(new DeleteVolumeCommand({ VolumeId: given(found.outputs.id, `the id of ${wanted.key}`) }));
  },
});

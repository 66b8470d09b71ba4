/**
 * Launch template: what the instances of one replica or pool are made of.
 *
 * Owns: making templates and their versions. Unique by name; other content is a new version, never a change (I2, I6).
 * Neighbours: `launch-template-marks.ts` tells versions apart and finds templates; `activities/seal.ts` makes user data;
 * `auto-scaling-group.ts` pins a version by number.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  type CreateLaunchTemplateVersionCommandInput,
  CreateTagsCommand,
  DeleteLaunchTemplateCommand,
  DescribeLaunchTemplateVersionsCommand,
  type EC2Client,
  type LaunchTemplateEbsBlockDeviceRequest,
  type LaunchTemplateTagSpecificationRequest,
  type RequestLaunchTemplateData,
  type VolumeType,
} from '@aws-sdk/client-ec2';
import { KEY_TAG } from '../../api/names.ts';
import { lastingFingerprint, launchTemplateFingerprint } from '../../kinds/launch-template.ts';
import type { Thing } from '../../kinds/resource.ts';
import type { Outputs } from '../../kinds/row.ts';
import { taggingOf } from '../../kinds/tags.ts';
import type { MachineConfiguration } from '../../machine/configuration.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { type GatheredSecrets, gatherSecrets, type ReadSecret, sealUserData } from '../seal.ts';
import { supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { descriptionOf, foundTemplate, keyWithVersion, listTemplates, markOf } from './launch-template-marks.ts';
import { refuseOtherAuthorities } from './same-authorities.ts';
import { tagInEc2 } from './tagging.ts';
import {
  type AwsTag,
  belongsTo,
  clientToken,
  filter,
  given,
  ownedTags,
  standingTags,
  tagList,
  tagRecord,
} from './tags.ts';

type WantedTemplate = Wanted<'launch-template'>;

/** How Slipway's machine images call their root volume. */
export const ROOT_DEVICE = '/dev/xvda';

/** What is sealed is what the fingerprint speaks of: a Secret that changed since the plan was made is another content. */
const fingerprintOf = ({ key, properties }: WantedTemplate, secrets: GatheredSecrets): string => {
  const changed = Object.entries(properties.userData.secrets).filter(
    ([part, { fingerprint }]) => secrets.fingerprints[part] !== fingerprint,
  );
  if (changed.length > 0) {
    const names = changed.map(([, { name }]) => name).join(', ');
    throw supersededError(`${key} was planned with other secrets than are there now: ${names} changed.`);
  }
  return launchTemplateFingerprint(properties);
};

/** Whether a version tags what its machines bring along with just these. */
const isTagged = async (
  ec2: EC2Client,
  { LaunchTemplateId, version }: { readonly LaunchTemplateId: string; readonly version: string },
  wanted: readonly LaunchTemplateTagSpecificationRequest[],
): Promise<boolean> => {
  const answer = await ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [version] }));
  const is = answer.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.TagSpecifications ?? [];
  const plain = (all: readonly { ResourceType?: string | undefined; Tags?: AwsTag[] | undefined }[]) =>
    Object.fromEntries(all.map(({ ResourceType = '', Tags }) => [ResourceType, tagRecord(Tags)]));
  return isDeepStrictEqual(plain(is), plain(wanted));
};

type Version = { readonly version: string; readonly fingerprint: string };

/** Of a machine's own disk and interface; the machine itself is tagged by its group. */
const tagSpecificationsOf = (wanted: WantedTemplate): LaunchTemplateTagSpecificationRequest[] => {
  const Tags = tagList(ownedTags(wanted, wanted.properties.tags));
  return [
    { ResourceType: 'volume', Tags },
    { ResourceType: 'network-interface', Tags },
  ];
};

/** What templates are made with: EC2, the key service, and the Secrets that user data carries. */
type Maker = { readonly ec2: EC2Client; readonly kms: AwsClients['kms']; readonly readSecret: ReadSecret };

const secretsOf = ({ readSecret }: Maker, { object, properties, signal }: WantedTemplate): Promise<GatheredSecrets> =>
  gatherSecrets(readSecret, { namespace: object.namespace, secrets: properties.userData.secrets, signal });

const rootVolumeOf = ({ properties }: WantedTemplate): LaunchTemplateEbsBlockDeviceRequest => {
  const { sizeGiB, type, iops, throughput, kmsKeyId } = properties.rootVolume;
  return {
    VolumeSize: sizeGiB,
    VolumeType: type as VolumeType,
    Encrypted: true,
    DeleteOnTermination: true,
    ...(iops === undefined ? {} : { Iops: iops }),
    ...(throughput === undefined ? {} : { Throughput: throughput }),
    ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
  };
};

const dataOf = async (
  { kms }: Maker,
  wanted: WantedTemplate,
  secrets: GatheredSecrets,
): Promise<RequestLaunchTemplateData> => {
  const { properties } = wanted;
  const userData = await sealUserData(kms, {
    what: properties.name,
    // Every reference in it was replaced by the plan runner.
    configuration: properties.userData.configuration as MachineConfiguration,
    parts: secrets.parts,
    kmsKeyArn: properties.userData.kmsKeyArn,
  });
  return {
    ImageId: properties.imageId,
    InstanceType: properties.instanceType as NonNullable<RequestLaunchTemplateData['InstanceType']>,
    KeyName: properties.keyName,
    IamInstanceProfile: { Name: properties.iamInstanceProfile },
    SecurityGroupIds: [...properties.groupIds],
    MetadataOptions: { HttpEndpoint: 'enabled', HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
    BlockDeviceMappings: [{ DeviceName: ROOT_DEVICE, Ebs: rootVolumeOf(wanted) }],
    UserData: userData,
    TagSpecifications: tagSpecificationsOf(wanted),
  };
};

type NewVersion = Omit<CreateLaunchTemplateVersionCommandInput, 'ClientToken' | 'VersionDescription'>;

/** `content` tells the request from others of the same template (I2); one that was made anew under its name is another. */
const newVersion = async (
  { ec2 }: Maker,
  wanted: WantedTemplate,
  input: NewVersion,
  { fingerprint, content }: { readonly fingerprint: string; readonly content: string },
): Promise<Version> => {
  const answer = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      ...input,
      VersionDescription: descriptionOf({ fingerprint, lasting: lastingFingerprint(wanted.properties) }),
      ClientToken: clientToken(wanted, JSON.stringify([input.LaunchTemplateId, content])),
    }),
  );
  const version = given(String(answer.LaunchTemplateVersion?.VersionNumber ?? ''), 'the number of a version');
  return { version, fingerprint };
};

/**
 * A version of other content than the newest. What it follows is part of what tells the request from others: a spec that returns to what
 * it was asks for the same content again, sealed anew, and EC2 would take that for a repetition of the first request that isn't one.
 */
const rewritten = async (
  maker: Maker,
  wanted: WantedTemplate,
  { outputs }: Thing<'launch-template'>,
): Promise<Version> => {
  const LaunchTemplateId = given(outputs.id, `the id of ${wanted.key}`);
  const secrets = await secretsOf(maker, wanted);
  const fingerprint = fingerprintOf(wanted, secrets);
  const LaunchTemplateData = await dataOf(maker, wanted, secrets);
  const content = JSON.stringify([given(outputs.version, 'a version'), fingerprint]);
  return newVersion(maker, wanted, { LaunchTemplateId, LaunchTemplateData }, { fingerprint, content });
};

/** A version of the same content, sealed as it is, whose machines' disks and interfaces have other tags. */
const retagged = async (
  maker: Maker,
  wanted: WantedTemplate,
  { outputs, state }: Thing<'launch-template'>,
): Promise<Version> => {
  const { fingerprint } = state;
  const SourceVersion = given(outputs.version, 'a version');
  const LaunchTemplateId = given(outputs.id, `the id of ${wanted.key}`);
  const TagSpecifications = tagSpecificationsOf(wanted);
  // An earlier try may have made it, and died before it said so.
  const newest = { LaunchTemplateId, version: SourceVersion };
  if (state.marked === false && (await isTagged(maker.ec2, newest, TagSpecifications))) {
    return { version: SourceVersion, fingerprint };
  }
  const content = JSON.stringify([SourceVersion, taggingOf(wanted.properties)]);
  const input = { LaunchTemplateId, SourceVersion, LaunchTemplateData: { TagSpecifications } };
  return newVersion(maker, wanted, input, { fingerprint, content });
};

const createTemplate = async (maker: Maker, wanted: WantedTemplate): Promise<Outputs> => {
  const { name, tags } = wanted.properties;
  const secrets = await secretsOf(maker, wanted);
  const fingerprint = fingerprintOf(wanted, secrets);
  const version = '1';
  const Tags = [...tagList(standingTags(wanted, tags)), markOf(version, fingerprint)];
  const answer = await maker.ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: name,
      VersionDescription: descriptionOf({ fingerprint, lasting: lastingFingerprint(wanted.properties) }),
      LaunchTemplateData: await dataOf(maker, wanted, secrets),
      TagSpecifications: [{ ResourceType: 'launch-template', Tags }],
    }),
  );
  const id = given(answer.LaunchTemplate?.LaunchTemplateId, 'the id of a launch template');
  return { id, version, fingerprint };
};

export const launchTemplateDriver = (
  { ec2, kms }: AwsClients,
  readSecret: ReadSecret,
): ResourceDriver<'launch-template'> => {
  const maker: Maker = { ec2, kms, readSecret };
  return {
    kind: 'launch-template',

    /** By name alone, which is unique in a region and never changes. */
    async candidates(wanted) {
      const { name } = wanted.properties;
      const templates = await listTemplates(ec2, [filter('launch-template-name', name)], wanted.signal);
      return Promise.all(
        templates.map(async (template) => {
          const tags = tagRecord(template.Tags);
          const key = keyWithVersion(tags[KEY_TAG] ?? '', name);
          return {
            ...(await foundTemplate(ec2, wanted.key, template, wanted.signal)),
            label: `launch template ${template.LaunchTemplateId ?? '?'} (${name})`,
            belongsTo: belongsTo({ ...tags, ...(key === '' ? {} : { [KEY_TAG]: key }) }, wanted),
          };
        }),
      );
    },

    create: async (wanted) => ({ outputs: await createTemplate(maker, wanted) }),

    /** The version first, and the mark last: what died in between differs still. */
    async update(wanted, found, differences) {
      const id = given(found.outputs.id, `the id of ${wanted.key}`);
      const differs = (which: (typeof differences)[number]['what']) => differences.some(({ what }) => what === which);
      if (differs('content')) await refuseOtherAuthorities(ec2, wanted, found);
      const { version, fingerprint } = differs('content')
        ? await rewritten(maker, wanted, found)
        : differs('tags')
          ? await retagged(maker, wanted, found)
          : { version: given(found.outputs.version, 'a version'), fingerprint: found.state.fingerprint };
      if (differs('tags')) await tagInEc2(ec2, [id], taggingOf(wanted.properties));
      await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [markOf(version, fingerprint)] }));
      const isUpdated = differs('content') || differs('tags');
      return { outputs: { id, version, fingerprint }, ...(isUpdated ? { change: 'updated' as const } : {}) };
    },

    async remove(wanted, found) {
      const id = given(found.outputs.id, `the id of ${wanted.key}`);
      await ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: id }));
    },
  };
};

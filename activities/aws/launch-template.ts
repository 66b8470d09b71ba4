/**
 * Launch template: what the instances of one replica or pool are made of.
 *
 * Owns: templates and their versions. Unique by name; other content is a new version, never a change (I2, I6). What tells
 * versions apart is the fingerprint of their *unsealed* content in the version's description, since ciphertext differs
 * each time. A tag on the template repeats it with the version's number, so that an inventory needs no call a template;
 * where the two differ, the description counts.
 * Neighbours: `activities/seal.ts` makes user data; `auto-scaling-group.ts` pins a version by number.
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
  type LaunchTemplate,
  type LaunchTemplateTagSpecificationRequest,
  paginateDescribeLaunchTemplates,
  type RequestLaunchTemplateData,
  type VolumeType,
} from '@aws-sdk/client-ec2';
import { type Attached, launchTemplateFingerprint } from '../../kinds/launch-template.ts';
import { type FoundOf, observed, type Thing } from '../../kinds/resource.ts';
import { taggingOf } from '../../kinds/tags.ts';
import type { MachineConfiguration, UserData } from '../../machine/configuration.ts';
import type { ResourceKey } from '../../words/keys.ts';
import type { ResourceDriver, Wanted } from '../driver.ts';
import { type GatheredSecrets, gatherSecrets, type ReadSecret, sealUserData } from '../seal.ts';
import { supersededError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { tagInEc2 } from './tagging.ts';
import {
  type AwsTag,
  belongsTo,
  carriedBy,
  clientToken,
  filter,
  given,
  ownedTags,
  readAll,
  tagList,
  tagRecord,
} from './tags.ts';

type WantedTemplate = Wanted<'launch-template'>;

/** `<version>:<fingerprint>` of the newest version, on the template. */
const FINGERPRINT_TAG = 'slipway.dev/fingerprint';
/** How Slipway's machine images call their root volume. */
export const ROOT_DEVICE = '/dev/xvda';

const descriptionOf = (fingerprint: string): string => `slipway fingerprint ${fingerprint}`;
const fingerprintIn = (description: string | undefined): string =>
  /^slipway fingerprint ([0-9a-f]{64})$/.exec(description ?? '')?.[1] ?? '';
const markOf = (version: string, fingerprint: string) => ({ Key: FINGERPRINT_TAG, Value: `${version}:${fingerprint}` });

/** The newest version's fingerprint: from the tag if that speaks of this version, else from its description. */
const newestFingerprint = async (
  ec2: EC2Client,
  template: LaunchTemplate,
  signal: AbortSignal,
): Promise<{ readonly fingerprint: string; readonly marked: boolean }> => {
  const version = String(template.LatestVersionNumber ?? 0);
  const [marked, fingerprint] = (tagRecord(template.Tags)[FINGERPRINT_TAG] ?? '').split(':');
  if (marked === version && fingerprint !== undefined) return { fingerprint, marked: true };
  const answer = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: template.LaunchTemplateId, Versions: [version] }),
    { abortSignal: signal },
  );
  return { fingerprint: fingerprintIn(answer.LaunchTemplateVersions?.[0]?.VersionDescription), marked: false };
};

export const foundTemplate = async (
  ec2: EC2Client,
  key: ResourceKey,
  template: LaunchTemplate,
  signal: AbortSignal,
): Promise<FoundOf<'launch-template'>> => {
  const { fingerprint, marked } = await newestFingerprint(ec2, template, signal);
  return observed(
    'launch-template',
    key,
    {
      id: given(template.LaunchTemplateId, 'the id of a launch template'),
      version: String(template.LatestVersionNumber ?? 0),
      fingerprint,
    },
    {
      name: given(template.LaunchTemplateName, 'the name of a launch template'),
      fingerprint,
      ...(marked ? {} : { marked }),
    },
    carriedBy(tagRecord(template.Tags)),
  );
};

/**
 * What a version of a replica's template tells its machines to attach, by the public part of their user data, and whether the one
 * that its machine was made from has other content: its number says nothing, since tags make a version, too.
 */
export const attachedBy = async (
  ec2: EC2Client,
  template: { readonly id: string; readonly version: string; readonly machineVersion?: string | undefined },
  abortSignal: AbortSignal,
): Promise<Omit<Attached, 'volumeExists'> | undefined> => {
  const { id, version, machineVersion = version } = template;
  const Versions = [...new Set([version, machineVersion])];
  const answer = await ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions }), {
    abortSignal,
  });
  const numbered = (number: string) =>
    answer.LaunchTemplateVersions?.find(({ VersionNumber }) => String(VersionNumber) === number);
  const fingerprint = (number: string): string => fingerprintIn(numbered(number)?.VersionDescription);
  const userData = numbered(version)?.LaunchTemplateData?.UserData;
  if (userData === undefined) return undefined;
  const { configuration } = JSON.parse(Buffer.from(userData, 'base64').toString('utf8')) as UserData;
  if (configuration.role !== 'replica') return undefined;
  const { volumeId, networkInterfaceId } = configuration;
  return { volumeId, networkInterfaceId, machineOutdated: fingerprint(version) !== fingerprint(machineVersion) };
};

export const listTemplates = (
  ec2: EC2Client,
  Filters: ReturnType<typeof filter>[],
  abortSignal: AbortSignal,
): Promise<LaunchTemplate[]> =>
  readAll(
    paginateDescribeLaunchTemplates({ client: ec2 }, { Filters }, { abortSignal }),
    (page) => page.LaunchTemplates,
  );

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

export const launchTemplateDriver = (
  { ec2, kms }: AwsClients,
  readSecret: ReadSecret,
): ResourceDriver<'launch-template'> => {
  const secretsOf = (wanted: WantedTemplate): Promise<GatheredSecrets> =>
    gatherSecrets(readSecret, {
      namespace: wanted.object.namespace,
      secrets: wanted.properties.userData.secrets,
      signal: wanted.signal,
    });

  const dataOf = async (wanted: WantedTemplate, secrets: GatheredSecrets): Promise<RequestLaunchTemplateData> => {
    const { properties } = wanted;
    const { sizeGiB, type, iops, throughput, kmsKeyId } = properties.rootVolume;
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
      BlockDeviceMappings: [
        {
          DeviceName: ROOT_DEVICE,
          Ebs: {
            VolumeSize: sizeGiB,
            VolumeType: type as VolumeType,
            Encrypted: true,
            DeleteOnTermination: true,
            ...(iops === undefined ? {} : { Iops: iops }),
            ...(throughput === undefined ? {} : { Throughput: throughput }),
            ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
          },
        },
      ],
      UserData: userData,
      TagSpecifications: tagSpecificationsOf(wanted),
    };
  };

  const newVersion = async (
    wanted: WantedTemplate,
    input: Omit<CreateLaunchTemplateVersionCommandInput, 'ClientToken' | 'VersionDescription'>,
    fingerprint: string,
    content: string,
  ): Promise<Version> => {
    const answer = await ec2.send(
      new CreateLaunchTemplateVersionCommand({
        ...input,
        VersionDescription: descriptionOf(fingerprint),
        ClientToken: clientToken(wanted, content),
      }),
    );
    const version = given(String(answer.LaunchTemplateVersion?.VersionNumber ?? ''), 'the number of a version');
    return { version, fingerprint };
  };

  /** A version of other content. */
  const rewritten = async (wanted: WantedTemplate, LaunchTemplateId: string): Promise<Version> => {
    const secrets = await secretsOf(wanted);
    const fingerprint = fingerprintOf(wanted, secrets);
    const LaunchTemplateData = await dataOf(wanted, secrets);
    return newVersion(wanted, { LaunchTemplateId, LaunchTemplateData }, fingerprint, fingerprint);
  };

  /** A version of the same content, sealed as it is, whose machines' disks and interfaces have other tags. */
  const retagged = async (wanted: WantedTemplate, { outputs, state }: Thing<'launch-template'>): Promise<Version> => {
    const SourceVersion = given(outputs.version, 'a version');
    const LaunchTemplateId = given(outputs.id, `the id of ${wanted.key}`);
    const TagSpecifications = tagSpecificationsOf(wanted);
    // An earlier try may have made it, and died before it said so.
    if (
      state.marked === false &&
      (await isTagged(ec2, { LaunchTemplateId, version: SourceVersion }, TagSpecifications))
    ) {
      return { version: SourceVersion, fingerprint: state.fingerprint };
    }
    const LaunchTemplateData = { TagSpecifications };
    const content = JSON.stringify([SourceVersion, taggingOf(wanted.properties)]);
    return newVersion(wanted, { LaunchTemplateId, SourceVersion, LaunchTemplateData }, state.fingerprint, content);
  };

  return {
    kind: 'launch-template',

    /** By name alone, which is unique in a region and never changes. */
    async candidates(wanted) {
      const { name } = wanted.properties;
      const templates = await listTemplates(ec2, [filter('launch-template-name', name)], wanted.signal);
      return Promise.all(
        templates.map(async (template) => ({
          ...(await foundTemplate(ec2, wanted.key, template, wanted.signal)),
          label: `launch template ${template.LaunchTemplateId ?? '?'} (${name})`,
          belongsTo: belongsTo(tagRecord(template.Tags), wanted),
        })),
      );
    },

    async create(wanted) {
      const { name, tags } = wanted.properties;
      const secrets = await secretsOf(wanted);
      const fingerprint = fingerprintOf(wanted, secrets);
      const version = '1';
      const answer = await ec2.send(
        new CreateLaunchTemplateCommand({
          LaunchTemplateName: name,
          VersionDescription: descriptionOf(fingerprint),
          LaunchTemplateData: await dataOf(wanted, secrets),
          TagSpecifications: [
            {
              ResourceType: 'launch-template',
              Tags: [...tagList(ownedTags(wanted, tags)), markOf(version, fingerprint)],
            },
          ],
        }),
      );
      const id = given(answer.LaunchTemplate?.LaunchTemplateId, 'the id of a launch template');
      return { outputs: { id, version, fingerprint } };
    },

    /** The version first, and the mark last: what died in between differs still. */
    async update(wanted, found, differences) {
      const id = given(found.outputs.id, `the id of ${wanted.key}`);
      const differs = (which: (typeof differences)[number]['what']) => differences.some(({ what }) => what === which);
      const { version, fingerprint } = differs('content')
        ? await rewritten(wanted, id)
        : differs('tags')
          ? await retagged(wanted, found)
          : { version: given(found.outputs.version, 'a version'), fingerprint: found.state.fingerprint };
      if (differs('tags')) await tagInEc2(ec2, [id], taggingOf(wanted.properties));
      await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: [markOf(version, fingerprint)] }));
      return {
        outputs: { id, version, fingerprint },
        ...(differs('content') || differs('tags') ? { change: 'updated' as const } : {}),
      };
    },

    async remove(wanted, found) {
      const id = given(found.outputs.id, `the id of ${wanted.key}`);
      await ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: id }));
    },
  };
};

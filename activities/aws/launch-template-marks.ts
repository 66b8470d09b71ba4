/**
 * Marks: how a launch template's versions are told apart, and templates found by them.
 *
 * Owns: the fingerprint of a version's *unsealed* content in its description, since ciphertext differs each time; the tag on the
 * template that repeats it with the version's number, so that an inventory needs no call a template (where the two differ, the
 * description counts); what machines of a version are told to attach. Neighbours: `launch-template.ts` makes templates.
 * Invariant: I6 (no version is made that says what the one before says).
 */
import {
  DescribeLaunchTemplateVersionsCommand,
  type EC2Client,
  type LaunchTemplate,
  paginateDescribeLaunchTemplates,
} from '@aws-sdk/client-ec2';
import type { LaunchedFrom } from '../../kinds/auto-scaling-group.ts';
import type { Attached, Fingerprints } from '../../kinds/launch-template.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { UserData } from '../../machine/configuration.ts';
import { machineInKey, type ResourceKey, templateKey } from '../../words/keys.ts';
import { isAbsent } from '../verdicts.ts';
import { carriedBy, type filter, given, readAll, tagRecord } from './tags.ts';

/** `<version>:<fingerprint>` of the newest version, on the template. */
const FINGERPRINT_TAG = 'slipway.dev/fingerprint';

export const descriptionOf = ({ fingerprint, lasting }: Fingerprints): string =>
  `slipway fingerprint ${fingerprint}${lasting === undefined ? '' : ` lasting ${lasting}`}`;
const fingerprintsIn = (description: string | undefined): Fingerprints => {
  const said = /^slipway fingerprint ([0-9a-f]{64})(?: lasting ([0-9a-f]{64}))?$/.exec(description ?? '');
  const [, fingerprint = '', lasting] = said ?? [];
  return lasting === undefined ? { fingerprint } : { fingerprint, lasting };
};
const fingerprintIn = (description: string | undefined): string => fingerprintsIn(description).fingerprint;
export const markOf = (version: string, fingerprint: string) => ({
  Key: FINGERPRINT_TAG,
  Value: `${version}:${fingerprint}`,
});

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

/** A key that was given before keys named the version names it here: the template's own name ends with it. */
export const keyWithVersion = (key: ResourceKey, name: string): ResourceKey => {
  const machine = machineInKey(key);
  return key === `launch-template/${machine}` ? templateKey(machine, name.split(`-${machine}-`, 2)[1] ?? '') : key;
};

export const foundTemplate = async (
  ec2: EC2Client,
  carriedKey: ResourceKey,
  template: LaunchTemplate,
  signal: AbortSignal,
): Promise<FoundOf<'launch-template'>> => {
  const name = given(template.LaunchTemplateName, 'the name of a launch template');
  const key = keyWithVersion(carriedKey, name);
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
      name,
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
): Promise<Pick<Attached, 'volumeId' | 'networkInterfaceId' | 'machineOutdated'> | undefined> => {
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

/** How one version of a template is called where several templates are looked at together. */
export const versionName = ({ templateId, templateVersion }: LaunchedFrom): string =>
  `${templateId} ${templateVersion}`;

/** The fingerprints of template versions by their names; a version, or a template, that is gone is missing. */
export const fingerprintsOf = async (
  ec2: EC2Client,
  versions: readonly LaunchedFrom[],
  abortSignal: AbortSignal,
): Promise<ReadonlyMap<string, Fingerprints>> => {
  const ids = [...new Set(versions.map(({ templateId }) => templateId))].filter((id) => id !== '');
  const entries = await Promise.all(
    ids.map(async (LaunchTemplateId): Promise<[string, Fingerprints][]> => {
      const wanted = versions.filter(({ templateId }) => templateId === LaunchTemplateId);
      const Versions = [...new Set(wanted.map(({ templateVersion }) => templateVersion))];
      const answer = await ec2
        .send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions }), { abortSignal })
        .catch((error: unknown) => {
          if (isAbsent(error)) return undefined;
          throw error;
        });
      return (answer?.LaunchTemplateVersions ?? []).map(({ VersionNumber, VersionDescription }) => [
        versionName({ templateId: LaunchTemplateId, templateVersion: String(VersionNumber) }),
        fingerprintsIn(VersionDescription),
      ]);
    }),
  );
  return new Map(entries.flat());
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

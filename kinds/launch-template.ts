/**
 * What the instances of one replica or pool are made of: unique by name, and a new version where the content is another one.
 * What tells versions apart is a fingerprint of their unsealed content, since ciphertext differs each time.
 */
import { fingerprintOf } from '../machine/envelope.ts';
import type { Resolved, Value } from '../words/references.ts';
import type { VolumeProperties } from './etcd-volume.ts';
import type { Row, Tagged } from './row.ts';
import type { SecretContent } from './secret.ts';

/** A Secret of the management API, and the fingerprint of what it holds. */
export type SealedSecret = {
  readonly name: Value;
  readonly type: SecretContent['type'];
  readonly fingerprint: Value;
};

/** What a machine is told at boot. `configuration` is public; each of `secrets` is sealed under the KMS key. */
type UserDataProperties = {
  readonly role: 'replica' | 'node';
  /** A `ReplicaConfiguration` or `NodeConfiguration` (see `machine/configuration.ts`) whose values may be references. */
  readonly configuration: unknown;
  /** By the part of the sealed document that they become. */
  readonly secrets: Readonly<Record<string, SealedSecret>>;
  readonly kmsKeyArn: string;
};

/** A new property is left out at its default: what templates say that have it not must stay what it is (I6). */
export type LaunchTemplateProperties = Tagged & {
  readonly name: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly keyName: string;
  readonly iamInstanceProfile: string;
  readonly groupIds: readonly Value[];
  readonly rootVolume: VolumeProperties;
  readonly userData: UserDataProperties;
};

/** Another machine than a replica's own has its disk or its interface, and gives it back only once it has ended or is stopped. */
export type Holder = {
  readonly instanceId: string;
  /** As EC2 calls it: `shutting-down`, `running`, … */
  readonly state: string;
  /** What it has: `volume vol-1`. */
  readonly holds: string;
};

/** A replica's disk and interface as its machines know them, and whether EC2 has those by their ids, whosever they are. */
export type Attached = {
  readonly volumeId: string;
  readonly volumeExists: boolean;
  readonly networkInterfaceId: string;
  readonly networkInterfaceExists: boolean;
  readonly holder?: Holder;
  /** Its machine was made from a version of other content than the one that its group has now. */
  readonly machineOutdated: boolean;
};

export type LaunchTemplateState = {
  readonly name: string;
  /** As the newest version's description records it (output `fingerprint`, too). */
  readonly fingerprint: string;
  /** False where the template's tag does not repeat it: an earlier try died in between. */
  readonly marked?: boolean;
  /** What machines of a replica in trouble are told to attach; read only where it matters. */
  readonly attaches?: Attached;
};
export type LaunchTemplateIdentity = { readonly name: string };

/**
 * All that a machine is made of and told: whatever is added to the properties is part of it, but for the template's own name, and
 * for tags, which no machine is replaced for.
 */
export const launchTemplateFingerprint = ({
  name: _name,
  tags: _tags,
  formerTags: _formerTags,
  groupIds,
  ...told
}: Resolved<LaunchTemplateProperties>): string => fingerprintOf({ ...told, groupIds: [...groupIds].sort() });

/** Tags were a part of it once. */
const fingerprintWithTags = ({
  name: _name,
  formerTags: _formerTags,
  groupIds,
  ...told
}: Resolved<LaunchTemplateProperties>) => fingerprintOf({ ...told, groupIds: [...groupIds].sort() });

/** Whether machines of a version with this fingerprint are made of and told what is wanted. */
export const isToldAlready = (
  wanted: Resolved<LaunchTemplateProperties>,
  { fingerprint }: Pick<LaunchTemplateState, 'fingerprint'>,
): boolean => launchTemplateFingerprint(wanted) === fingerprint || fingerprintWithTags(wanted) === fingerprint;

/** What a node is told of itself and keeps in its cluster's API, where it is changed while it serves. */
const keptInApi = (configuration: unknown): unknown => {
  const { labels: _labels, taints: _taints, ...rest } = configuration as Readonly<Record<string, unknown>>;
  return rest;
};

/**
 * What a machine of a node pool is replaced for: all but what others change while it runs. It needs the token that it joined with no
 * more, its node's labels and taints are in the API, and EC2 gives it other security groups.
 */
export const lastingFingerprint = (wanted: Resolved<LaunchTemplateProperties>): string => {
  const { userData } = wanted;
  const secrets = Object.fromEntries(
    Object.entries(userData.secrets).map(([part, secret]) => [part, { ...secret, fingerprint: '' }]),
  );
  const told = { ...userData, secrets, configuration: keptInApi(userData.configuration) };
  return launchTemplateFingerprint({ ...wanted, groupIds: [], userData: told });
};

/** What a version of a template says of itself: its content's fingerprint, and the lasting one, which earlier releases did not write. */
export type Fingerprints = { readonly fingerprint: string; readonly lasting?: string };

/** Whether a machine of such a version is as is wanted, and need not give way to another. */
export const isMadeOf = (wanted: Resolved<LaunchTemplateProperties>, { fingerprint, lasting }: Fingerprints): boolean =>
  isToldAlready(wanted, { fingerprint }) || lasting === lastingFingerprint(wanted);

export const launchTemplate: Row<
  LaunchTemplateProperties,
  LaunchTemplateState,
  LaunchTemplateIdentity,
  'content' | 'mark'
> = {
  planned: 'when it differs',
  changesAws: true,
  tagged: true,
  renews: true,
  differences: (wanted, is) => {
    if (!isToldAlready(wanted, is)) {
      return [{ what: 'content', says: 'machines would be told something else than the template says' }];
    }
    return is.marked === false ? [{ what: 'mark', says: 'its tag does not repeat its fingerprint' }] : [];
  },
  // What it was made from is gone and made again: machines that come must be told. Those of a node pool are replaced in turns.
  withheld: ({ userData }, _is, whats) =>
    userData.role !== 'node' && (whats === 'unknown' || (whats !== 'changing' && whats.includes('content')))
      ? {
          reason: 'machines would be told something else than they run with; that takes a rollout',
          leaves: ['content'],
        }
      : undefined,
  removal: { after: ['auto-scaling-group'], of: 'the same machine', identity: ({ state }) => ({ name: state.name }) },
};

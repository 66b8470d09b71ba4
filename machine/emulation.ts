/**
 * Emulation: which minor a replica's Kubernetes serves as, and whether it may start at all.
 *
 * Owns: the decision, from the machine's version, the tags of its etcd volume and what the disk itself remembers; effects are
 * `agent/emulation.ts`'s. Neighbours: `words/emulation.ts` spells the tags, `api/minor.ts` minors; `components.ts` passes
 * the flag on.
 *
 * A disk is at one minor: the newest that API servers over it have served as or were committed to. That one number is both what
 * newer binaries go on serving as, and the floor below which nothing starts: what a newer minor stored, an older one loses without
 * a word. It is remembered beside etcd's data, and only the tag `committed` raises it:
 *
 * - a disk that remembers is asked first. `emulates` can neither lift nor lower it, whether it is missing, stale or edited, and
 *   neither can the loss of both tags;
 * - a disk that remembers nothing, since it is new or its last agent was of before emulation, is at what `committed` says, else at
 *   what `emulates` says. With tags that can be read and say neither, nothing was ever upgraded: it is at the machine's own minor,
 *   which is what every machine was told before there were such tags;
 * - with neither memory nor tags that can be read, nothing starts: the machine's own minor could be one too new for a cluster that
 *   may still go back, and any other one would be a guess. A tag that says what this agent does not understand counts as unread.
 * - while tags can't be read, a disk that remembers is enough: at worst a commit is heard of later, and what ran goes on as it was.
 */
import { compareMinors, type Minor, minorIn, minorOfVersion, newerMinor, numbersOf } from '../api/minor.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../words/emulation.ts';

/** Of the etcd volume's file system: one line, `1.36`, that a person can read and write. */
export const minorFile = (volume: string): string => `${volume}/kubernetes-minor`;

export type Asked = {
  /** The etcd volume's id, for sentences. */
  readonly volumeId: string;
  /** Where `remembered` is, or would be. */
  readonly file: string;
  /** Kubernetes as user data says it, without a leading v. */
  readonly version: string;
  /** All tags of the volume; undefined where they could not be read. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** What the file says; undefined where there is none. */
  readonly remembered: string | undefined;
};

/** `remember` is what the file is to say before anything follows from this; without it, it says so, or nothing is known. */
export type KubernetesStart = {
  readonly remember?: Minor;
} /** `emulates` is the flag's value; without it the programs are told nothing. `serves` is what that makes them. */ & (
  | { readonly kind: 'start'; readonly serves: Minor; readonly emulates?: Minor }
  /** Nothing of Kubernetes starts. `reason` says why, and what ends it. */
  | { readonly kind: 'wait'; readonly reason: string }
);

const MOST_BEHIND = 3;

/**
 * The oldest minor that a program of Kubernetes of this minor can serve as:
 * https://kubernetes.io/docs/concepts/cluster-administration/compatibility-version/
 */
export const oldestEmulatedBy = (own: Minor): Minor => {
  const [major, minor] = numbersOf(own);
  return `${major}.${Math.max(0, minor - MOST_BEHIND)}`;
};

type Known = { readonly at: Minor } | { readonly unknown: string };

/** Where the tags alone have to say it. */
const byTags = ({ volumeId, tags, file }: Asked, own: Minor): Known => {
  const instead = `Or write the minor that the cluster's API serves as into ${file}, such as ${own}.`;
  if (tags === undefined) {
    return {
      unknown:
        `The tags of volume ${volumeId} can't be read, and its disk does not say which minor of Kubernetes it is at. ` +
        `See that the instance's role may call ec2:DescribeVolumes. ${instead}`,
    };
  }
  const odd = [COMMITTED_TAG, EMULATES_TAG].find((key) => tags[key] !== undefined && minorIn(tags[key]) === undefined);
  const committed = minorIn(tags[COMMITTED_TAG]);
  if (odd !== undefined && committed === undefined) {
    return {
      unknown:
        `Tag ${odd} of volume ${volumeId} says "${tags[odd] ?? ''}", which is no minor of Kubernetes, and its disk does not say which one ` +
        `it is at. Set the tag to what those of the other replicas' volumes say. ${instead}`,
    };
  }
  return { at: committed ?? minorIn(tags[EMULATES_TAG]) ?? own };
};

const minorOfDisk = (asked: Asked, own: Minor): Known => {
  const { remembered, tags, file } = asked;
  if (remembered === undefined) return byTags(asked, own);
  const at = minorIn(remembered.trim());
  if (at !== undefined) return { at: newerMinor(at, minorIn(tags?.[COMMITTED_TAG])) ?? at };
  return {
    unknown:
      `File ${file} of the etcd volume should say which minor of Kubernetes the disk is at, and says something else. ` +
      `Write the minor that the cluster's API serves as into it, such as ${own}, or remove it where no upgrade has begun.`,
  };
};

const tooOld = ({ volumeId, version }: Asked, at: Minor): string =>
  `Kubernetes ${version} does not start over volume ${volumeId}, which is at ${at}: it would lose what ${at} has stored without a word. ` +
  `Set the cluster's version to one of ${at} or newer.`;

const tooNew = ({ volumeId, version }: Asked, at: Minor): string =>
  `Kubernetes ${version} can't serve as ${at}, at which volume ${volumeId} is: minors are upgraded one by one. ` +
  `Give the replica a machine of the minor after ${at}.`;

/** What is certain although nothing starts: that something served as what `emulates` says is not. */
const floorOf = ({ remembered, tags }: Asked): Minor | undefined =>
  newerMinor(minorIn(remembered?.trim()), minorIn(tags?.[COMMITTED_TAG]));

const news = ({ remembered }: Asked, at: Minor | undefined): { readonly remember?: Minor } =>
  at === undefined || remembered?.trim() === at ? {} : { remember: at };

/** What may start, and as what. Throws where `version` is none. */
export const decideKubernetesStart = (asked: Asked): KubernetesStart => {
  const { version } = asked;
  const own = minorOfVersion(version);
  if (own === undefined) throw new Error(`"${version}" is not a Kubernetes version such as 1.36.3.`);
  const known = minorOfDisk(asked, own);
  if ('unknown' in known) return { kind: 'wait', reason: known.unknown };
  const { at } = known;
  const order = compareMinors(own, at);
  if (order === 0) return { kind: 'start', serves: at, ...news(asked, at) };
  if (order < 0) return { kind: 'wait', reason: tooOld(asked, at), ...news(asked, floorOf(asked)) };
  if (compareMinors(at, oldestEmulatedBy(own)) < 0)
    return { kind: 'wait', reason: tooNew(asked, at), ...news(asked, floorOf(asked)) };
  return { kind: 'start', serves: at, emulates: at, ...news(asked, at) };
};

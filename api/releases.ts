/**
 * Releases: what a version string means.
 *
 * Owns: the catalogue, from an exact version string to the exact components, machine image and add-ons that stand for it, in every
 * revision that was published: what runs an earlier one, and lost the status that said so, is still judged by it.
 * A version whose Kubernetes runs no more is kept for the manifests that name it, and substituted by one of today's.
 * Neighbours: a cluster pins what it was given in `status.revision`, so a changed catalogue never changes a cluster by
 * itself; a version that is not here blocks in assessment, with `unknownVersion` as its message.
 */

export type ReleaseAddon = {
  readonly version: string;
  /** Container images by their name in the manifests. */
  readonly images: Readonly<Record<string, string>>;
};

export type Release = {
  /** The version string that people ask for. */
  readonly version: string;
  /** Which of the version's revisions, from 1; raised with whatever else stands below. What was published stays what it was. */
  readonly revision: number;
  /**
   * How topology renders it, its machines' user data above all: a newer Slipway makes of a revision what it made of it before (I6).
   * 1: nodes hear of all components' versions, and the load balancer has no security group. 2: of Kubernetes' only, and it has one.
   * 3: certificates and the tokens' issuer say a name of the cluster's own, not its load balancer's, which nodes look up.
   */
  readonly format: number;
  /** Versions without a leading v. */
  readonly kubernetes: string;
  readonly etcd: string;
  readonly cloudController: string;
  /** Machine image of replicas and nodes. */
  readonly imageId: string;
  /** How add-ons are rendered from it (`addons/rendered.ts`): a newer Slipway makes of a revision the objects that it made before (I6). */
  readonly rendering: number;
  /** Add-ons that are versions of something, by name. One that a later revision lacks goes from a cluster when that comes. */
  readonly addons: Readonly<Record<string, ReleaseAddon>>;
};

const kubernetes1_36_3 = {
  kubernetes: '1.36.3',
  etcd: '3.6.16',
  cloudController: '1.36.1',
  rendering: 1,
  addons: {
    coredns: { version: '1.14.2', images: { coredns: 'registry.k8s.io/coredns/coredns:v1.14.2' } },
    'metrics-server': {
      version: '0.8.0',
      images: { 'metrics-server': 'registry.k8s.io/metrics-server/metrics-server:v0.8.0' },
    },
    /** Google publishes the agent by date. Simulated nodes pull no images: this tag was never pulled from the registry. */
    'connect-agent': {
      version: '20210514-00-00',
      images: { 'gke-connect-agent': 'gcr.io/gkeconnect/gkeconnect-gce:20210514-00-00' },
    },
  },
} as const;

/** etcd stays what it was: nothing but Kubernetes moves with its minor, and what belongs to it. */
const kubernetes1_37_2 = { ...kubernetes1_36_3, kubernetes: '1.37.2', cloudController: '1.37.1' } as const;

/** Those that Kubernetes 1.37.2 has in its own `cluster/addons`, as 1.36.3 has the ones above. */
const addons1_37_2 = {
  ...kubernetes1_36_3.addons,
  coredns: { version: '1.14.6', images: { coredns: 'registry.k8s.io/coredns/coredns:v1.14.6' } },
  'metrics-server': {
    version: '0.8.1',
    images: { 'metrics-server': 'registry.k8s.io/metrics-server/metrics-server:v0.8.1' },
  },
} as const;

type Revised = Omit<Release, 'version' | 'imageId'>;

/** Newest first. A newer one says what is another one in it: `{ revision: 4, format: 3, ...kubernetes1_36_3, etcd: '3.6.17' }`. */
const REVISIONS_OF_1_36_3: readonly Revised[] = [
  { revision: 3, format: 3, ...kubernetes1_36_3 },
  { revision: 2, format: 2, ...kubernetes1_36_3 },
  { revision: 1, format: 1, ...kubernetes1_36_3 },
];

const REVISIONS_OF_1_37_2: readonly Revised[] = [
  { revision: 2, format: 3, ...kubernetes1_37_2, addons: addons1_37_2 },
  { revision: 1, format: 3, ...kubernetes1_37_2 },
];

/** The same with etcd's next minor, which never comes together with Kubernetes' (`version-change.ts`): so it is a version of its own. */
const REVISIONS_OF_1_37_2_WITH_ETCD_3_7: readonly Revised[] = [
  { revision: 1, format: 3, ...kubernetes1_37_2, addons: addons1_37_2, etcd: '3.7.3' },
];

const published = (version: string, revisions: readonly Revised[]): readonly Release[] =>
  revisions.map((one) => ({ version, imageId: `ami-slipway-${version}`, ...one }));

/** What all of their machine images are made for, as EC2 names it. */
export const IMAGE_ARCHITECTURE = 'x86_64';

/** Every revision that was published: of the newest version first, and of each version the newest first. None ever leaves. */
export const RELEASES: readonly Release[] = [
  ...published('1.37.2-gke.2', REVISIONS_OF_1_37_2_WITH_ETCD_3_7),
  ...published('1.37.2-gke.1', REVISIONS_OF_1_37_2),
  ...published('1.36.3-gke.1', REVISIONS_OF_1_36_3),
  /** Kubernetes 1.16.9 has no supported binaries any more. */
  ...published('1.16.9-gke.12', REVISIONS_OF_1_36_3),
];

/** What a version means today: its newest revision. */
export const releaseOf = (version: string, catalogue: readonly Release[] = RELEASES): Release | undefined =>
  catalogue.find((candidate) => candidate.version === version);

/** The revisions of a version by their numbers, the first one first. */
export const revisionsOf = (version: string, catalogue: readonly Release[] = RELEASES): readonly Release[] =>
  catalogue.filter((candidate) => candidate.version === version).toSorted((a, b) => a.revision - b.revision);

/** What a version meant last in a format. */
export const releaseInFormat = (
  { version, format }: Pick<Release, 'version' | 'format'>,
  catalogue: readonly Release[] = RELEASES,
): Release | undefined => catalogue.find((candidate) => candidate.version === version && candidate.format === format);

/** Every version that can be asked for, newest first. */
export const knownVersions = (catalogue: readonly Release[] = RELEASES): readonly string[] => [
  ...new Set(catalogue.map(({ version }) => version)),
];

/** What is wrong with a version that the catalogue doesn't hold, and what cures it. */
export const unknownVersion = (
  version: string,
  catalogue: readonly Release[] = RELEASES,
): { readonly reason: string; readonly cure: string } => {
  const known = knownVersions(catalogue).join(', ');
  return {
    reason: `version ${version} is not in this release's catalogue, which holds ${known}`,
    cure: `set the version to one of ${known}, or install a release of Slipway that knows ${version}`,
  };
};

/** The Kubernetes version that stands for a release whose own, as its name says, runs no more; else undefined. */
export const substituteOf = (release: Release): string | undefined =>
  release.version.split('-')[0] === release.kubernetes ? undefined : release.kubernetes;

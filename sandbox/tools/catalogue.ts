/**
 * Catalogue: the programs that the sandbox runs, and where each comes from.
 *
 * Owns: names, packages and version stamps; versions themselves are in the `go.mod` files and `requirements.txt` beside
 * this file, each in one place. Neighbours: `go.ts` and `python.ts` know how such a thing is built, `build.ts` when.
 */

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
};

export type PythonTool = {
  readonly kind: 'python';
  readonly name: string;
  readonly folder: string;
  /** Programs that the wheels put into the environment's `bin`. */
  readonly binaries: readonly string[];
};

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

export const GO_TOOLS: readonly GoTool[] = [
  {
    kind: 'go',
    name: 'etcd',
    folder: 'etcd',
    binaries: { etcd: 'go.etcd.io/etcd/server/v3' },
    versionOf: 'go.etcd.io/etcd/server/v3',
    stamps: () => ({}),
  },
  {
    kind: 'go',
    name: 'kubernetes',
    folder: 'kubernetes',
    binaries: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
    },
    versionOf: 'k8s.io/kubernetes',
    stamps: kubernetesStamps,
  },
  {
    kind: 'go',
    name: 'kwok',
    folder: 'kwok',
    binaries: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
    versionOf: 'sigs.k8s.io/kwok',
    stamps: (version) => ({ 'sigs.k8s.io/kwok/pkg/consts.Version': version }),
  },
  {
    kind: 'go',
    name: 'aws-cloud-controller-manager',
    folder: 'cloud-provider-aws',
    binaries: { 'aws-cloud-controller-manager': 'k8s.io/cloud-provider-aws/cmd/aws-cloud-controller-manager' },
    versionOf: 'k8s.io/cloud-provider-aws',
    stamps: kubernetesStamps,
  },
];

export const PYTHON_TOOL: PythonTool = {
  kind: 'python',
  name: 'python',
  folder: 'python',
  binaries: ['temporal', 'kubectl'],
};

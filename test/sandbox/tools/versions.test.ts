import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { RELEASES } from '../../../api/releases.ts';
import { SandboxFailure } from '../../../sandbox/failure.ts';
import { GO_TOOLS } from '../../../sandbox/tools/catalogue.ts';
import { FOLDER } from '../../../sandbox/tools/recipes.ts';
import { toolsFor, toolsOf } from '../../../sandbox/tools/wanted.ts';

/** The folders of what is compiled one after the other. etcd brings few of Kubernetes' packages, and its own versions of what they need. */
const SHARING = [
  { minor: '1.36', folders: ['kubernetes', 'cloud-provider-aws', 'kwok'], own: [] },
  // Kubernetes validates by the CEL that it was made with; its AWS controller asks for a newer one, and validates nothing.
  { minor: '1.37', folders: ['kubernetes-1.37', 'cloud-provider-aws-1.37'], own: ['github.com/google/cel-go'] },
];

test('every module that is built and is no etcd shares versions with those of its minor', () => {
  const folders = GO_TOOLS.map(({ folder }) => folder).filter((folder) => !folder.startsWith('etcd'));
  expect(SHARING.flatMap((one) => one.folders).toSorted()).toEqual(folders.toSorted());
});

test.each(SHARING)(
  'what is built for Kubernetes $minor has one version, so that Go compiles it once',
  ({ folders, own }) => {
    const versions = new Map<string, Set<string>>();
    for (const folder of folders) {
      for (const [, module = '', version = ''] of readFileSync(`${FOLDER}/${folder}/go.mod`, 'utf8').matchAll(
        /^\t(\S+) (v\S+)/gm,
      )) {
        // A placeholder of Kubernetes' own modules, of which nothing is compiled.
        if (version !== 'v0.0.0') versions.set(module, (versions.get(module) ?? new Set()).add(version));
      }
    }
    const differing = [...versions].filter(([, found]) => found.size > 1).map(([module]) => module);
    // To mend it: `go get <module>@<the newest of these>` in the folders that have another.
    expect(differing).toEqual(own);
  },
);

test.each(RELEASES)(
  'what revision $revision of $version says that machines run is made by one tool each',
  (release) => {
    expect(toolsFor(release).map(({ binaries }) => Object.keys(binaries)[0])).toEqual([
      'kube-apiserver',
      'etcd',
      'aws-cloud-controller-manager',
    ]);
  },
);

const namesOf = (...versions: readonly string[]): readonly string[] => toolsOf(versions).map(({ name }) => name);

describe('Beside the tools that everybody has', () => {
  test('today’s versions need none', () => {
    expect(namesOf()).toEqual([]);
    expect(namesOf('1.36.3-gke.1', '1.16.9-gke.12')).toEqual([]);
  });

  test('another version needs what it runs otherwise, once, and nothing that somebody else needs', () => {
    expect(namesOf('1.37.2-gke.1')).toEqual(['kubernetes-1.37', 'aws-cloud-controller-manager-1.37']);
    expect(namesOf('1.37.2-gke.1', '1.37.2-gke.2')).toEqual([
      'kubernetes-1.37',
      'aws-cloud-controller-manager-1.37',
      'etcd-3.7',
    ]);
  });

  test('a version that is not known is refused, with those that are', () => {
    expect(() => toolsOf(['1.99.0-gke.1'])).toThrow(SandboxFailure);
    expect(() => toolsOf(['1.99.0-gke.1'])).toThrow("1.99.0-gke.1 is not in this release's catalogue");
  });
});

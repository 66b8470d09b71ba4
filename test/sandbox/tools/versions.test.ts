import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { releaseOf } from '../../../api/releases.ts';
import { GO_TOOLS } from '../../../sandbox/tools/catalogue.ts';
import { FOLDER } from '../../../sandbox/tools/recipes.ts';

/** etcd brings few of Kubernetes' packages, and its own versions of what they need. */
const SHARING = GO_TOOLS.filter(({ folder }) => !folder.startsWith('etcd'));

test('what Kubernetes, its AWS controller and kwok share has one version, so that Go compiles it once', () => {
  const versions = new Map<string, Set<string>>();
  for (const { folder } of SHARING) {
    for (const [, module = '', version = ''] of readFileSync(`${FOLDER}/${folder}/go.mod`, 'utf8').matchAll(
      /^\t(\S+) (v\S+)/gm,
    )) {
      // A placeholder of Kubernetes' own modules, of which nothing is compiled.
      if (version !== 'v0.0.0') versions.set(module, (versions.get(module) ?? new Set()).add(version));
    }
  }
  const differing = [...versions].filter(([, found]) => found.size > 1).map(([module, found]) => [module, ...found]);
  // To mend it: `go get <module>@<the newest of these>` in the folders that have another.
  expect(differing).toEqual([]);
});

const versionIn = (folder: string, module: string): string | undefined =>
  new RegExp(`^\\t?(?:require )?${module} v(\\S+)`, 'm').exec(readFileSync(`${FOLDER}/${folder}/go.mod`, 'utf8'))?.[1];

/** Those that a sandbox with real programs runs; of others it has no image (`sandbox/aws/images.ts`). */
test.each(['1.36.3-gke.1', '1.16.9-gke.12'])(
  'what the newest revision of %s says that machines run is built',
  (version) => {
    const newest = releaseOf(version);
    expect({
      kubernetes: newest?.kubernetes,
      etcd: newest?.etcd,
      cloudController: newest?.cloudController,
    }).toEqual({
      kubernetes: versionIn('kubernetes', 'k8s.io/kubernetes'),
      etcd: versionIn('etcd', 'go.etcd.io/etcd/server/v3'),
      cloudController: versionIn('cloud-provider-aws', 'k8s.io/cloud-provider-aws'),
    });
  },
);

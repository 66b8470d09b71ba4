import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { GO_TOOLS, KUBECTL, type ReleaseFile, TOOLS } from '../../../sandbox/tools/catalogue.ts';
import { pinsFrom, planFor, publishedFor } from '../../../sandbox/tools/checksums.ts';
import { FOLDER, versionOf } from '../../../sandbox/tools/recipes.ts';
import type { Answer } from '../../../sandbox/tools/sites.ts';

const SUM = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

const releasesOf = (name: string, architecture: 'amd64' | 'arm64' = 'amd64'): readonly ReleaseFile[] => {
  const tool = TOOLS.find((one) => one.name === name);
  return tool?.releases?.(versionOf(tool), architecture) ?? [];
};

const fileOf = (name: string): ReleaseFile => {
  const [file] = releasesOf(name);
  if (file === undefined) throw new Error(`${name} has no releases`);
  return file;
};

describe('the catalogue', () => {
  test('looks for each version of this checkout where its maker publishes it', () => {
    const version = versionOf(GO_TOOLS.find(({ name }) => name === 'kubernetes') ?? KUBECTL);
    expect(releasesOf('kubernetes', 'arm64').map(({ url }) => url)).toEqual([
      `https://dl.k8s.io/release/${version}/bin/linux/arm64/kube-apiserver`,
      `https://dl.k8s.io/release/${version}/bin/linux/arm64/kube-controller-manager`,
      `https://dl.k8s.io/release/${version}/bin/linux/arm64/kube-scheduler`,
    ]);
    expect(fileOf('kubectl').url).toMatch(/^https:\/\/dl\.k8s\.io\/release\/v1\.\d+\.\d+\/bin\/linux\/amd64\/kubectl$/);
    expect(fileOf('kubectl').checksum.url).toBe(`${fileOf('kubectl').url}.sha256`);
    expect(fileOf('etcd').url).toMatch(/\/etcd-io\/etcd\/releases\/download\/(v[\d.]+)\/etcd-\1-linux-amd64\.tar\.gz$/);
    expect(fileOf('kwok').url).toMatch(/\/kubernetes-sigs\/kwok\/releases\/download\/v[\d.]+\/kwok-linux-amd64$/);
  });

  test('knows that the AWS cloud controller is published as an image only', () => {
    expect(releasesOf('aws-cloud-controller-manager')).toEqual([]);
  });
});

test('each pin is of a file that this checkout may download', () => {
  const urls = TOOLS.flatMap(({ name }) => [...releasesOf(name, 'amd64'), ...releasesOf(name, 'arm64')]).map(
    ({ url }) => url,
  );
  for (const url of Object.keys(pinsFrom(readFileSync(`${FOLDER}/pins.json`, 'utf8')))) expect(urls).toContain(url);
});

test('a pin that is no SHA-256 is refused', () => {
  expect(() => pinsFrom(`{ "https://dl.k8s.io/kubectl": "todo" }`)).toThrow();
});

describe('a checksum', () => {
  test.each([
    ['alone', SUM],
    ['alone with the end of its line', `${SUM}\n`],
    ['in capitals', SUM.toUpperCase()],
    ['with the name of its file', `${SUM}  kubectl\n`],
    ['of a file that was read as binary', `${SUM} *kubectl\n`],
    ['in a list', `${OTHER}  kubeadm\n${SUM}  kubectl\n${OTHER}  kubelet\n`],
  ])('is read %s', (_, text) => {
    expect(publishedFor(fileOf('kubectl'), text)).toBe(SUM);
  });

  test.each([
    ['of another file', `${SUM}  kubeadm\n`],
    ['that is cut off', SUM.slice(1)],
    ['in a page about something else', `<html>\n<body>${SUM}</body>\n</html>`],
    ['of nothing', ''],
  ])('%s is none', (_, text) => {
    expect(publishedFor(fileOf('kubectl'), text)).toBeUndefined();
  });

  test('of GitHub is that of the file with this name', () => {
    const described = (assets: unknown) => publishedFor(fileOf('kwok'), JSON.stringify({ assets }));
    expect(described([{ name: 'kwok-linux-amd64', digest: `sha256:${SUM}` }])).toBe(SUM);
    expect(described([{ name: 'kwok-linux-arm64', digest: `sha256:${SUM}` }])).toBeUndefined();
    expect(described([{ name: 'kwok-linux-amd64', digest: `md5:${SUM}` }])).toBeUndefined();
    expect(described([{ name: 'kwok-linux-amd64', digest: null }])).toBeUndefined();
    expect(publishedFor(fileOf('kwok'), '<html>Sign in</html>')).toBeUndefined();
  });
});

describe('a file that is pinned', () => {
  const plan = (file: ReleaseFile, answer: Answer) =>
    planFor([file], new Map([[file.checksum.url, answer]]), { [file.url]: SUM.toUpperCase() });

  test('is taken where another site than its own would say the checksum, and does not', () => {
    const silent = { kind: 'silent', why: 'api.github.com did not answer' } as const;
    expect(plan(fileOf('kwok'), silent)).toMatchObject({ kind: 'take', files: [{ sha256: SUM, proofs: ['pin'] }] });
  });

  test('is not waited for where its own site does not answer', () => {
    expect(plan(fileOf('etcd'), { kind: 'silent', why: 'github.com did not answer' })).toEqual({
      kind: 'build',
      because: 'github.com did not answer',
    });
  });

  test('is taken where its site has forgotten the checksum', () => {
    const refused = { kind: 'refused', why: 'dl.k8s.io answers 404' } as const;
    expect(plan(fileOf('kubectl'), refused)).toMatchObject({ kind: 'take', files: [{ proofs: ['pin'] }] });
  });
});

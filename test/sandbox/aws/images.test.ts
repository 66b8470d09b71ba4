import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { unpublishedImages } from '../../../sandbox/aws/images.ts';
import { release } from '../../topology/objects.ts';

let folder = '';
const put = (path: string, mode = 0o755): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), '');
  chmodSync(join(folder, path), mode);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-images-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const today = release('1.36.3-gke.1');
const next = release('1.37.2-gke.1');
const programsOf = ({ kubernetes, etcd, cloudController }: typeof today): readonly string[] => [
  `versions/${kubernetes}/kube-apiserver`,
  `versions/${etcd}/etcd`,
  `versions/${cloudController}/aws-cloud-controller-manager`,
];

describe('An image of a release', () => {
  test('is there where all of its programs are', () => {
    for (const path of [...programsOf(today), ...programsOf(next)]) put(path);
    expect(unpublishedImages(folder, [next, today])).toEqual({});
  });

  test('is not there where one of them is lacking, and says which, what there is, and what runs without', () => {
    for (const path of programsOf(today)) put(path);
    expect(unpublishedImages(folder, [next, today])).toEqual({
      'ami-slipway-1.37.2-gke.1':
        'this sandbox has no kube-apiserver 1.37.2, no aws-cloud-controller-manager 1.37.1: ask for 1.36.3-gke.1, begin a sandbox that has them (`npm run sandbox -- up --release 1.37.2-gke.1`), or use one of stub machines (`npm run sandbox -- up --stub`), which runs no programs',
    });
  });

  test('is not there where those of one of its revisions are lacking, whichever', () => {
    for (const path of programsOf(today)) put(path);
    const revised = { ...today, revision: 99, etcd: '9.9.9' };
    for (const catalogue of [
      [revised, today],
      [today, revised],
    ]) {
      expect(unpublishedImages(folder, catalogue)[today.imageId]).toContain('this sandbox has no etcd 9.9.9:');
    }
  });

  test('needs programs that can be run', () => {
    for (const path of programsOf(today)) put(path);
    put('versions/3.6.16/etcd', 0o644);
    expect(Object.keys(unpublishedImages(folder, [today]))).toEqual(['ami-slipway-1.36.3-gke.1']);
  });
});

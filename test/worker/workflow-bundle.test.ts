import { cp, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleFingerprint, packWorkflows } from '../../worker/workflow-bundle.ts';

const CHECKOUT = join(import.meta.dirname, '../..');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The files of the bundle that are this project's, by the source map at its end. */
const sourcesIn = (code: string): readonly string[] => {
  const [, map = ''] = /sourceMappingURL=data:application\/json[^,]*,(\S+)/.exec(code) ?? [];
  const { sources } = JSON.parse(Buffer.from(map, 'base64').toString('utf8')) as {
    readonly sources: readonly string[];
  };
  return sources.filter((source) => source.startsWith(`${CHECKOUT}/`) && !source.includes('/node_modules/'));
};

describe('the packed workflows', () => {
  test('are packed once for as long as nothing changes, and hold no code but that of their own room and of words', async () => {
    const kept = join(folder, 'kept');
    const { code } = await packWorkflows(kept);
    const rooms = new Set(sourcesIn(code).map((source) => source.slice(CHECKOUT.length + 1).split('/')[0]));
    expect(rooms).toEqual(new Set(['words', 'workflows']));
    const [file = ''] = await readdir(kept);
    expect(await readdir(kept)).toEqual([`workflows-${await bundleFingerprint()}.js`]);
    await writeFile(join(kept, file), 'as it was found');
    expect(await packWorkflows(kept)).toEqual({ code: 'as it was found' });
  });

  test('are packed all the same where they cannot be kept, which is told', async () => {
    const occupied = join(folder, 'occupied');
    await writeFile(occupied, 'a file where the folder should be');
    const trouble: unknown[] = [];
    const { code } = await packWorkflows(occupied, (error) => trouble.push(error));
    expect(sourcesIn(code).length).toBeGreaterThan(10);
    expect(trouble).toMatchObject([{ code: 'ENOTDIR' }, { code: 'EEXIST' }]);
  });

  test('of long ago are thrown away', async () => {
    const full = join(folder, 'full');
    await mkdir(full);
    const old = Array.from({ length: 20 }, (_, index) => `workflows-${String(index).padStart(16, '0')}.js`);
    for (const [index, name] of old.entries()) {
      await writeFile(join(full, name), '');
      await utimes(join(full, name), index, index);
    }
    await packWorkflows(full);
    const left = await readdir(full);
    expect(left).toHaveLength(12);
    expect(left).toContain(`workflows-${await bundleFingerprint()}.js`);
    expect(left).not.toContain(old[0]);
  });

  test('are others as soon as a workflow changes, a package does, or they lie elsewhere', async () => {
    const checkout = join(folder, 'checkout');
    await cp(join(CHECKOUT, 'workflows'), join(checkout, 'workflows'), { recursive: true });
    await writeFile(join(checkout, 'package-lock.json'), '{}');
    const seen = [await bundleFingerprint(checkout)];
    expect(await bundleFingerprint(checkout)).toBe(seen[0]);
    await writeFile(join(checkout, 'workflows/another.ts'), 'export {};\n');
    seen.push(await bundleFingerprint(checkout));
    await writeFile(join(checkout, 'package-lock.json'), '{"changed":true}');
    seen.push(await bundleFingerprint(checkout));
    await cp(checkout, join(folder, 'elsewhere'), { recursive: true });
    seen.push(await bundleFingerprint(join(folder, 'elsewhere')));
    expect(new Set(seen).size).toBe(4);
  });
});

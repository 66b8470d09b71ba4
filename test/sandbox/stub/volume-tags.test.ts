import { expect, test } from '@jest/globals';
import { type TagsByVolume, volumeTags } from '../../../sandbox/stub/volume-tags.ts';

const told = (...volumes: readonly string[]): TagsByVolume => new Map(volumes.map((id) => [id, { order: id }]));

test('EC2 is asked once for all volumes, and again when that has become old', async () => {
  const clock = { now: 0 };
  const asked: number[] = [];
  const volume = volumeTags(
    () => {
      asked.push(clock.now);
      return Promise.resolve(told('vol-1'));
    },
    1_000,
    () => clock.now,
  );
  const [one, other] = await Promise.all([volume('vol-1'), volume('vol-2')]);
  expect([one?.tags, other?.tags]).toEqual([{ order: 'vol-1' }, {}]);
  clock.now = 999;
  await volume('vol-3');
  clock.now = 1_000;
  await volume('vol-1');
  expect(asked).toEqual([0, 1_000]);
});

test('an answer that did not come is asked for anew, and is no absence of tags', async () => {
  const answers = [() => Promise.reject(new Error('moto is away')), () => Promise.resolve(told('vol-1'))];
  const volume = volumeTags(() => (answers.shift() ?? (() => Promise.resolve(told())))(), 60_000);
  await expect(volume('vol-1')).rejects.toThrow('moto is away');
  expect((await volume('vol-1'))?.tags).toEqual({ order: 'vol-1' });
});

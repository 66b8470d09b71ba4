/**
 * The seed's story in one sandbox, told by the commands that a person types: a cluster is made, looked at, disturbed,
 * deleted, made again at once, and deleted for good. The chapters build on each other and run in this order.
 */
import { afterAll, beforeAll, jest } from '@jest/globals';
import { startSandbox } from '../support/sandbox.ts';
import { apply } from './chapters/apply.ts';
import { cluster } from './chapters/cluster.ts';
import { deletion } from './chapters/deletion.ts';
import { listening } from './chapters/listening.ts';
import { picture } from './chapters/picture.ts';
import { privilege } from './chapters/privilege.ts';
import { reading } from './chapters/reading.ts';
import { replacement } from './chapters/replacement.ts';
import { planting, secrecy } from './chapters/secrecy.ts';
import { services } from './chapters/services.ts';
import { unchanged } from './chapters/unchanged.ts';
import { journeyIn, LONG, MINUTES } from './journey.ts';
import type { Story } from './story.ts';
import { temporalOf } from './temporal.ts';

jest.setTimeout(LONG.timeoutMs);

let told: Story | undefined;

const story = (): Story => {
  if (told === undefined) throw new Error('The sandbox of this story did not start');
  return told;
};

beforeAll(async () => {
  const sandbox = await startSandbox();
  const journey = journeyIn(sandbox);
  told = {
    journey,
    temporal: temporalOf(sandbox),
    inventoryBefore: await journey.inventory(),
    secrets: [],
    places: [],
  };
}, 15 * MINUTES);

afterAll(async () => {
  await told?.journey.sandbox.end();
}, 2 * MINUTES);

apply(story);
cluster(story);
reading(story);
picture(story);
listening(story);
planting(story);
unchanged(story);
replacement(story);
services(story);
deletion(story);
privilege(story);
secrecy(story);

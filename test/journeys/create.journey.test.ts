/**
 * The seed's story in one sandbox, told by the commands that a person types: a cluster is made, looked at, disturbed,
 * deleted, made again at once, and deleted for good. Beside it the documentation is followed, command by command. The chapters
 * build on each other and run in this order.
 */
import { afterAll, beforeAll } from '@jest/globals';
import { documentationIn } from '../docs/session.ts';
import { startSandbox } from '../support/sandbox.ts';
import { apply } from './chapters/apply.ts';
import { balancer } from './chapters/balancer.ts';
import { cluster } from './chapters/cluster.ts';
import { deletion } from './chapters/deletion.ts';
import { documentation, ending } from './chapters/documentation.ts';
import { listening } from './chapters/listening.ts';
import { picture } from './chapters/picture.ts';
import { privilege } from './chapters/privilege.ts';
import { reading } from './chapters/reading.ts';
import { replacement } from './chapters/replacement.ts';
import { resize } from './chapters/resize.ts';
import { planting, secrecy } from './chapters/secrecy.ts';
import { services } from './chapters/services.ts';
import { unchanged } from './chapters/unchanged.ts';
import { journeyIn } from './journey.ts';
import type { Story } from './story.ts';
import { temporalOf } from './temporal.ts';

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
    documentation: await documentationIn(sandbox, {
      '<cluster id>': async () => (await journey.cluster()).status?.clusterID ?? '',
      '<entity or operation>': async () => (await journey.entityIds())[0] ?? '',
    }),
    inventoryBefore: await journey.inventory(),
    secrets: [],
    places: [],
  };
});

afterAll(async () => {
  told?.documentation.end();
  await told?.journey.sandbox.end();
});

apply(story);
cluster(story);
reading(story);
picture(story);
listening(story);
documentation(story);
planting(story);
unchanged(story);
replacement(story);
balancer(story);
services(story);
resize(story);
deletion(story);
privilege(story);
secrecy(story);
ending(story);

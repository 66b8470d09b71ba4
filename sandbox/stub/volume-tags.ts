/**
 * Volume tags: what is said to the replicas of all stub clusters, by one call for all of them.
 *
 * Owns: how often EC2 is asked, whoever looks. A real machine asks for its own volume; hundreds of clusters of one process would ask
 * a hundred times a second for tags that nobody has set. Neighbours: `replica.ts` looks for orders here.
 */
import type { Ec2 } from '../../agent/aws/ec2.ts';

export type TagsByVolume = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** As an agent reads its volume. What is listed is no older than that. */
export const volumeTags = (
  list: () => Promise<TagsByVolume>,
  maximumAgeMillis: number,
  now: () => number = Date.now,
): Ec2['volume'] => {
  let last: { readonly at: number; readonly tags: Promise<TagsByVolume> } | undefined;
  return async (id) => {
    if (last === undefined || now() - last.at >= maximumAgeMillis) {
      const tags = list();
      last = { at: now(), tags };
      // Whoever waits hears of it; the next asks again.
      tags.catch(() => {
        last = undefined;
      });
    }
    const tags = (await last.tags).get(id) ?? {};
    return { id, state: 'in-use', tags };
  };
};

/**
 * Leaks: what must not stand in any history (I8).
 *
 * Owns: what of a cluster's Secrets is secret. Neighbours: `life.ts` and `standing.ts` look for it in histories.
 */
import type { Cloud } from '../cloud.ts';

export const SECRETS = { apiVersion: 'v1', kind: 'Secret' };

/** Names and contents of the cluster's Secrets, as they would stand in a history: base64, and decoded. */
export const secretsOf = async (cloud: Cloud, clusterId: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  const secrets = await cloud.objects.list(SECRETS, { namespace: 'default' });
  const ours = secrets.filter(({ metadata }) => metadata.name.startsWith(clusterId));
  return new Map(
    ours.map(({ metadata, data = {} }) => [
      metadata.name,
      Object.entries(data as Readonly<Record<string, string>>)
        .filter(([entry]) => !/\.crt$|\.pub$|certificate/.test(entry))
        .flatMap(([, value]) => [value, Buffer.from(value, 'base64').toString('utf8').trim().split('\n')[1] ?? value]),
    ]),
  );
};

/** Those of these Secrets of whose content something stands in the text. */
export const leakedIn = (text: string, secrets: Awaited<ReturnType<typeof secretsOf>>): readonly string[] =>
  [...secrets].flatMap(([name, values]) => (values.some((value) => text.includes(value)) ? [name] : []));

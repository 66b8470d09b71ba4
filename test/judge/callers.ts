/**
 * Callers: whose role an access key stands for, as the sandbox's account itself says.
 *
 * Owns: asking it. A machine is known by its instance profile: those of the seed's manifest, which is what journeys apply.
 */
import { partsNow } from '../../sandbox/commands/sandbox.ts';
import { AWS_CREDENTIALS, type HostPort } from '../../sandbox/layout.ts';
import { readLayout, readState } from '../../sandbox/supervisor/state.ts';
import type { RoleName } from './policies/question.ts';
import type { Callers } from './policies/simulate.ts';

const PROFILES: Readonly<Record<string, RoleName>> = {
  'gke-404767c1-controlplane': 'controlplane',
  'gke-404767c1-nodepool': 'node',
};

const profileOf = async ({ host, port }: HostPort, accessKey: string): Promise<string | undefined> => {
  const response = await fetch(`http://${host}:${port}/`, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/20200101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=none`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ Action: 'GetCallerIdentity', Version: '2011-06-15' }),
  });
  return /assumed-role\/([^/<]+)\//.exec(await response.text())?.[1];
};

/**
 * Whose calls they are that are signed with these keys in the sandbox of a home. An account that is gone knows nobody any more but
 * the worker, and one that isn't this sandbox's, nobody at all.
 */
export const callersIn = async (home: string, accessKeys: readonly string[]): Promise<Callers> => {
  const [layout, state] = [readLayout(home), readState(home)];
  const parts = layout === undefined || state === undefined ? [] : partsNow(layout, state);
  const knows = parts.some((part) => part.name === 'aws' && part.state.startsWith('ready'));
  const found = new Map<string, RoleName | undefined>([[AWS_CREDENTIALS.accessKeyId, 'worker']]);
  if (layout !== undefined && knows) {
    const machines = [...new Set(accessKeys)].filter((key) => !found.has(key));
    const profiles = await Promise.all(machines.map((key) => profileOf(layout.moto, key)));
    for (const [index, key] of machines.entries()) found.set(key, PROFILES[profiles[index] ?? '']);
  }
  return (accessKey) => found.get(accessKey);
};

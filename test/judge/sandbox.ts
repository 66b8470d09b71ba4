/**
 * A sandbox before the judge: whether real AWS would have taken what was asked of the sandbox's.
 *
 * Owns: reading what its proxy kept, without what tests themselves asked. Neighbours: `../support/sandbox.ts` turns the keeping on, and
 * asks here before it ends a sandbox; `judge.ts` and `policies/` judge.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import { folders, type SandboxLayout } from '../../sandbox/layout.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { judge, sentenceOf } from './judge.ts';
import { modelsOf } from './models.ts';

/** So that nobody takes a sandbox for judged whose requests were never kept. */
const refuseUnkept = (home: string): void => {
  const { data, awsRequests } = folders(home);
  const calls = `${data}/aws-calls.jsonl`;
  if (!existsSync(awsRequests) && existsSync(calls) && statSync(calls).size > 0) {
    throw new Error(
      `AWS was called in the sandbox of ${home}, and no request was kept: SLIPWAY_AWS_REQUESTS had no effect.`,
    );
  }
};

/** What everybody but the tests asked of AWS in the sandbox in a home, in order. */
export const requestsIn = async (home: string): Promise<readonly KeptRequest[]> => {
  refuseUnkept(home);
  const { awsRequests } = folders(home);
  if (!existsSync(awsRequests)) return [];
  const requests: KeptRequest[] = [];
  const file = await open(awsRequests);
  for await (const line of file.readLines()) requests.push(JSON.parse(line) as KeptRequest);
  return requests.filter(({ accessKey }) => accessKey !== SPECTATOR.accessKeyId);
};

/** What AWS would have refused, each a sentence; none for a sandbox that never came up. */
export const judgedIn = async (home: string): Promise<readonly string[]> => {
  const requests = await requestsIn(home);
  if (requests.length === 0) return [];
  const layout = JSON.parse(readFileSync(folders(home).layout, 'utf8')) as SandboxLayout;
  return judge(modelsOf(layout.python), requests).map(sentenceOf);
};

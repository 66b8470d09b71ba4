/**
 * A sandbox before the judge: whether real AWS would have taken what was asked of the sandbox's.
 *
 * Owns: reading what its proxy kept, without what tests themselves asked. Neighbours: `../support/sandbox.ts` turns the keeping on, and
 * asks here before it ends a sandbox; `judge.ts` and `policies/` judge.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import { folders } from '../../sandbox/layout.ts';
import { readLayout } from '../../sandbox/supervisor/state.ts';
import { ROLES } from '../deploy/roles.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { callersIn } from './callers.ts';
import { judge, sentenceOf } from './judge.ts';
import { modelsOf } from './models.ts';
import type { Question } from './policies/question.ts';
import { linesOf, QUESTIONS } from './policies/recorded.ts';
import { denied, deniedSentence, questionsIn, statementsOf } from './policies/simulate.ts';

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
const requestsIn = async (home: string): Promise<readonly KeptRequest[]> => {
  refuseUnkept(home);
  const { awsRequests } = folders(home);
  if (!existsSync(awsRequests)) return [];
  const requests: KeptRequest[] = [];
  const file = await open(awsRequests);
  for await (const line of file.readLines()) requests.push(JSON.parse(line) as KeptRequest);
  return requests.filter(({ accessKey }) => accessKey !== SPECTATOR.accessKeyId);
};

/** What AWS would have refused, and IAM denied, each a sentence; none for a sandbox that never came up. */
export const judgedIn = async (home: string): Promise<readonly string[]> => {
  const requests = await requestsIn(home);
  const layout = readLayout(home);
  if (requests.length === 0 || layout === undefined) return [];
  const models = modelsOf(layout.python);
  const callers = await callersIn(
    home,
    requests.map(({ accessKey }) => accessKey),
  );
  const questions = questionsIn(models, requests, callers);
  keepQuestions(home, questions);
  return [
    ...judge(models, requests).map(sentenceOf),
    ...denied(questions, (role) => statementsOf(ROLES[role])).map(deniedSentence),
  ];
};

/** For whoever records them anew (`policies/record.ts`): they name types and tags, and no values. */
const keepQuestions = (home: string, questions: readonly Question[]): void => {
  const folder = process.env[QUESTIONS];
  if (folder !== undefined) writeFileSync(join(folder, `${basename(home)}.jsonl`), linesOf(questions));
};

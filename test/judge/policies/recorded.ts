/**
 * Recorded: the questions that AWS would have asked IAM in journeys and trials, each once.
 *
 * Owns: the file of them. It is what whole runs showed, so that a unit test can say which rights nobody needs. Neighbours:
 * `record.ts` makes it anew; `../sandbox.ts` leaves the questions of each sandbox in the folder that `QUESTIONS` names.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { distinct, type Question } from './question.ts';

/** The variable that names the folder in which sandboxes leave their questions. */
export const QUESTIONS = 'SLIPWAY_QUESTIONS';

export const RECORDED = join(import.meta.dirname, 'questions.jsonl');

export const linesOf = (questions: readonly Question[]): string =>
  distinct(questions)
    .map((one) => `${JSON.stringify(one)}\n`)
    .join('');

export const questionsFrom = (file: string): readonly Question[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Question);

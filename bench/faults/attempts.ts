/**
 * Attempts: the cases of one life, and the lives that follow where that leaves a question.
 *
 * Owns: what counts as a case's result. A life that goes wrong with two cases is lived again with each alone, to see whose it
 * is; a call that did not come gets another life. Neighbours: `matrix.ts` says which cases share a life, `checks.ts` judges.
 */
import { type Clean, judge } from './checks.ts';
import type { Lane } from './lane.ts';
import type { Life } from './life.ts';
import { isSameTarget, type Target } from './messages.ts';
import { type Case, nameOfCase } from './plan.ts';

export type CaseResult = {
  readonly name: string;
  readonly one: Case;
  readonly wrong: readonly string[];
  /** False where the call never came, in two lives: which of several steps makes it is chance. */
  readonly met: boolean;
  readonly seconds: number;
};

export type Attempt = { readonly wrong: readonly string[]; readonly met: readonly Target[]; readonly seconds: number };

export const targetOf = ({ call, fault }: Case): Target => ({ call: call.name, number: call.number, fault });

export const resultOf = (one: Case, { wrong, met, seconds }: Attempt): CaseResult => ({
  name: nameOfCase(one),
  one,
  wrong,
  met: met.some((target) => isSameTarget(target, targetOf(one))),
  seconds,
});

export const attemptsWith = (
  liveIn: (lane: Lane, targets: readonly Target[]) => Promise<Life>,
  clean: Clean,
): ((lane: Lane, chosen: readonly Case[]) => Promise<readonly CaseResult[]>) => {
  const attempt = async (lane: Lane, chosen: readonly Case[]): Promise<Attempt> => {
    const began = Date.now();
    const targets = chosen.map(targetOf);
    const outcome = await liveIn(lane, targets).then(
      (lived) => ({ wrong: judge(lived, clean, targets), met: lived.met }),
      (error: unknown) => ({ wrong: [`stuck: ${error instanceof Error ? error.message : String(error)}`], met: [] }),
    );
    return { ...outcome, seconds: (Date.now() - began) / 1_000 };
  };

  /** Once more where the call doesn't come. */
  const alone = async (lane: Lane, one: Case): Promise<CaseResult> => {
    const result = resultOf(one, await attempt(lane, [one]));
    return result.met || result.wrong.length > 0 ? result : resultOf(one, await attempt(lane, [one]));
  };

  /** What is wrong with both and with neither alone stays wrong. */
  const eachAlone = async (
    lane: Lane,
    [one, other]: readonly [Case, Case],
    together: Attempt,
  ): Promise<readonly CaseResult[]> => {
    const each = [await alone(lane, one), await alone(lane, other)];
    if (each.some(({ wrong }) => wrong.length > 0)) return each;
    const wrong = together.wrong.map(
      (what) => `only together with the other of ${nameOfCase(one)} and ${nameOfCase(other)}: ${what}`,
    );
    return each.map((result) => ({ ...result, wrong }));
  };

  return async (lane, chosen) => {
    const [one, other] = chosen;
    if (one === undefined) return [];
    if (other === undefined) return [await alone(lane, one)];
    const both = await attempt(lane, chosen);
    if (both.wrong.length > 0) return eachAlone(lane, [one, other], both);
    const results: CaseResult[] = [];
    for (const result of chosen.map((each) => resultOf(each, both)))
      results.push(result.met ? result : await alone(lane, result.one));
    return results;
  };
};

/**
 * Heard: what the workers of a lane told of each case.
 *
 * Owns: remembering it past the death of the process that told it, and what can be asked of it. Neighbours: `lane.ts` has the
 * processes, `messages.ts` their words.
 */
import type { HeardCall } from './calls.ts';
import type { ActivityNews, Target } from './messages.ts';

type OfCase = {
  calls: HeardCall[];
  met: readonly Target[];
  running: number;
  changedAt: number;
  counts: Map<string, number>;
  last: Map<string, string>;
};

const nothing = (): OfCase => ({
  calls: [],
  met: [],
  running: 0,
  changedAt: Date.now(),
  counts: new Map(),
  last: new Map(),
});

export const createHeard = () => {
  const heard = new Map<string, OfCase>();
  const of = (ofCase: string): OfCase => {
    const known = heard.get(ofCase) ?? nothing();
    heard.set(ofCase, known);
    return known;
  };
  const countOf = (key: string): number =>
    [...heard.values()].reduce((sum, one) => sum + (one.counts.get(key) ?? 0), 0);
  return {
    activity: ({ ofCase, workflowId, activity, phase }: ActivityNews): void => {
      const one = of(ofCase);
      one.changedAt = Date.now();
      one.running += phase === 'began' ? 1 : -1;
      const key = `${phase}|${workflowId}|${activity}`;
      if (phase !== 'began') one.last.set(`${workflowId}|${activity}`, phase);
      one.counts.set(key, (one.counts.get(key) ?? 0) + 1);
    },
    call: (ofCase: string, call: HeardCall): void => void of(ofCase).calls.push(call),
    met: (ofCase: string, target: Target): void => {
      const one = of(ofCase);
      one.met = [...one.met, target];
    },
    /** Whatever ran has ended with its process. */
    died: (): void => {
      for (const one of heard.values()) Object.assign(one, { running: 0, changedAt: Date.now() });
    },
    metBy: (ofCase: string): readonly Target[] => of(ofCase).met,
    callsOf: (ofCase: string): readonly HeardCall[] => of(ofCase).calls,
    endedOf: (workflowId: string, activity: string): number => countOf(`ended|${workflowId}|${activity}`),
    failedOf: (workflowId: string, activity: string): number => countOf(`failed|${workflowId}|${activity}`),
    failedLast: (workflowId: string, activity: string): boolean =>
      [...heard.values()].some(({ last }) => last.get(`${workflowId}|${activity}`) === 'failed'),
    quietFor: (ofCase: string): number => {
      const one = of(ofCase);
      return one.running > 0 ? Number.NEGATIVE_INFINITY : Date.now() - one.changedAt;
    },
    forget: (ofCase: string): void => void heard.delete(ofCase),
  };
};

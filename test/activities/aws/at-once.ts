/**
 * A plan carried out as the plan runner does it: each step as soon as what it needs is done, with the real drivers.
 *
 * Owns: the order, and noting which execution asked what of AWS. Neighbours: `account.ts` performs a step, and carries plans
 * out one step after the other where that is enough.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AwsCall } from '../../../activities/aws/clients.ts';
import type { Aws } from '../../../activities/aws/resources.ts';
import type { StepOutcome } from '../../../activities/contract.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { ResourceKind } from '../../../kinds/resource.ts';
import type { Plan, Step } from '../../../policy/plan.ts';
import { type Doing, doing, perform, requestFor, untilDone } from './account.ts';

export type AtOnce = {
  readonly aws: Aws;
  readonly object: ObjectRef;
  /** Kinds that aren't AWS's; what nobody plays is done at once. */
  readonly played?: Readonly<Partial<Record<ResourceKind, () => Promise<unknown>>>>;
  /** Called when a step is done, before any that needs it begins. */
  readonly after?: (id: string) => Promise<unknown>;
};

const runStep = async ({ aws, object, played = {} }: AtOnce, step: Step): Promise<void> => {
  const { kind } = step.resource;
  if (!Object.hasOwn(aws.drivers, kind)) return void (await played[kind]?.());
  const since = Date.now();
  await untilDone(async (first): Promise<StepOutcome> => {
    const execution: Doing = { what: kind, waiting: true };
    try {
      const outcome = await doing.run(execution, () => perform(aws, requestFor(step, { object, first }), since));
      execution.waiting = false;
      return outcome;
    } catch (error) {
      // No sooner than it asks for: looks that others share are believed for less than that.
      await delay(verdictOf(error).delayMs ?? 0);
      throw error;
    }
  });
};

/** Resolves once all steps are done; rejects as soon as one fails for good, and then none begins that needs it. */
export const carryOutAtOnce = async (how: AtOnce, plan: Plan): Promise<void> => {
  const ended = new Map<string, Promise<void>>();
  for (const step of plan.steps) {
    const needed = Promise.all(step.needs.flatMap((id) => ended.get(id) ?? []));
    const run = async (): Promise<void> => {
      await needed;
      await runStep(how, step);
      await how.after?.(step.id);
    };
    ended.set(step.id, run());
  }
  await Promise.all(ended.values());
};

/**
 * - `mutating`: it changed something, or tried to;
 * - `inventory`: a whole look at what an object has: for a plan, or as proof that nothing is left;
 * - `look`: a step looked by itself, and was done;
 * - `wait`: something was still going, and was looked at again.
 */
export type CallKind = 'mutating' | 'inventory' | 'look' | 'wait';

export const callKind = ({ mutating, by }: AwsCall & { readonly by?: Doing | undefined }): CallKind => {
  if (mutating) return 'mutating';
  // Groups are looked at only to see whether they have gone: once for all that wait, as often as that takes.
  if (by?.waiting === true || by?.what === 'auto-scaling-group') return 'wait';
  return by?.what === 'observe' || by?.what === 'account' ? 'inventory' : 'look';
};

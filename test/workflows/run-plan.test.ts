/** A plan's steps, in whatever order things happen: without a server, in a world of plain data. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Plan, Step } from '../../policy/plan.ts';
import type { StepFailure } from '../../workflows/outcomes.ts';
import { planOf, securityGroup, stepOf } from './builders.ts';
import { type Happening, runIn, type Sighting } from './plan-world.ts';

const VERBS = ['ensure', 'remove', 'wait'] as const;

/** Steps in an order in which each comes after what it needs, as a plan has them. */
const plans: fc.Arbitrary<Plan> = fc
  .array(fc.tuple(fc.constantFrom(...VERBS), fc.array(fc.nat(20), { maxLength: 3 })), { minLength: 1, maxLength: 8 })
  .map((drafts) =>
    planOf(
      ...drafts.map(([verb, needs], index): Step => {
        const earlier = index === 0 ? [] : [...new Set(needs.map((need) => `step ${need % index}`))].sort();
        return stepOf(securityGroup(String(index)), { id: `step ${index}`, verb, needs: earlier });
      }),
    ),
  );
const failure: fc.Arbitrary<StepFailure> = fc.constantFrom(
  { verdict: 'retry', message: 'throttled' },
  { verdict: 'blocked', message: 'not permitted' },
  { verdict: 'not-ready', message: '1 of 3 ready', lookAgain: 1_000 },
  { verdict: 'not-ready', message: '2 of 3 ready', lookAgain: 1_000 },
  { verdict: 'superseded', message: 'the object is gone' },
);
const which = fc.nat(20);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ which, what: fc.constant('settles' as const) }) },
  { weight: 4, arbitrary: fc.record({ which, what: fc.constant('settles' as const), failure }) },
  {
    weight: 4,
    arbitrary: fc.record({ which, what: fc.constantFrom('retry', 'skip', 'pause', 'resume') }),
  },
  { weight: 1, arbitrary: fc.record({ which, what: fc.constant('stop' as const) }) },
);
const stories = fc.array(happening, { maxLength: 60 });

const always = (holds: (run: { readonly plan: Plan } & Awaited<ReturnType<typeof runIn>>) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(plans, stories, async (plan, story) => holds({ plan, ...(await runIn(plan, story)) })),
    { numRuns: 300 },
  );
const of = <S extends Sighting['saw']>(seen: readonly Sighting[], saw: S) =>
  seen.filter((one): one is Extract<Sighting, { saw: S }> => one.saw === saw);

describe('a plan, whatever happens', () => {
  test('ends, once each of its steps is over, and as they ended', () =>
    always(({ plan, result, seen }) => {
      const ends = of(seen, 'over');
      expect(ends.map(({ step }) => step).sort()).toEqual(plan.steps.map(({ id }) => id).sort());
      const kinds = new Set(ends.map(({ end }) => end));
      expect(result).toBe(kinds.has('outdated') ? 'outdated' : kinds.has('stopped') ? 'stopped' : 'completed');
    }));

  test('begins a step only once all that it needs is done or skipped', () =>
    always(({ plan, seen }) => {
      const yielded = new Set<string>();
      for (const one of seen) {
        if (one.saw === 'over' && (one.end === 'done' || one.end === 'skipped')) yielded.add(one.step);
        if (one.saw !== 'begun') continue;
        const needs = plan.steps.find(({ id }) => id === one.step)?.needs ?? [];
        expect(needs.filter((need) => !yielded.has(need))).toEqual([]);
      }
    }));

  test('begins nothing more after it was stopped, and what was under way may still succeed', () =>
    always(({ seen }) => expect(of(seen, 'begun').filter(({ stopped }) => stopped)).toEqual([])));

  test('trusts its inventory for the first try of a step only', () =>
    always(({ seen }) => {
      const tried = new Set<string>();
      for (const { step, first } of of(seen, 'begun')) {
        expect(first).toBe(!tried.has(step));
        tried.add(step);
      }
    }));

  test('shows last of each step how it ended', () =>
    always(({ seen }) => {
      const last = new Map(of(seen, 'shown').map(({ step, shown }) => [step, shown.state]));
      for (const { step, end } of of(seen, 'over')) {
        expect(last.get(step) ?? 'pending').toBe(end === 'done' || end === 'skipped' ? end : 'pending');
      }
    }));
});

const chain = planOf(
  stepOf(securityGroup('controlplane')),
  stepOf(securityGroup('nodepool'), { needs: ['ensure security-group/controlplane'] }),
);
const happens = (what: Exclude<Happening['what'], 'settles'>): Happening => ({ what, which: 0 });
const succeeds: Happening = { what: 'settles', which: 0 };
const fails: Happening = { ...succeeds, failure: { verdict: 'retry', message: 'throttled' } };

describe('a paused plan', () => {
  test('begins nothing, but for what is retried by name', async () => {
    const story = [fails, happens('pause'), succeeds, happens('retry'), succeeds, happens('resume'), succeeds];
    const { seen } = await runIn(chain, story);
    expect(of(seen, 'begun').map(({ step, despitePause }) => [step, despitePause])).toEqual([
      ['ensure security-group/controlplane', false],
      ['ensure security-group/controlplane', true],
      ['ensure security-group/nodepool', false],
    ]);
  });
});

describe('a plan that one of its steps finds to be out of date', () => {
  test('begins nothing more, not even what could begin at that very moment', async () => {
    const plan = planOf(...['a', 'b', 'c'].map((name) => stepOf(securityGroup(name))));
    const story: readonly Happening[] = [
      fails,
      happens('pause'),
      // The first is due again, and held by the pause until the last of these, which is its end.
      { what: 'settles', which: 2 },
      { what: 'settles', which: 0, failure: { verdict: 'superseded', message: 'the object is gone' } },
    ];
    const { result, seen } = await runIn(plan, story);
    expect(result).toBe('outdated');
    expect(of(seen, 'begun').filter(({ stopped }) => stopped)).toEqual([]);
  });
});

describe('a plan that is stopped before it begins', () => {
  test('begins nothing', async () => {
    const { result, seen } = await runIn(chain, [], { stopped: true });
    expect([result, of(seen, 'begun'), of(seen, 'shown')]).toEqual(['stopped', [], []]);
  });
});

describe('steps that may begin at the same moment', () => {
  test("begin in the plan's own order", async () => {
    const needs = ['ensure security-group/first'];
    const names = ['c', 'a', 'b'];
    const many = planOf(stepOf(securityGroup('first')), ...names.map((name) => stepOf(securityGroup(name), { needs })));
    const { seen } = await runIn(many, []);
    expect(of(seen, 'begun').map(({ step }) => step)).toEqual(many.steps.map(({ id }) => id));
  });
});

describe('a plan without steps', () => {
  test('is completed at once', async () => {
    expect(await runIn(planOf(), [])).toEqual({ result: 'completed', seen: [] });
  });
});

/** What an entity answers to a verb while none of its operations runs. */
import { expect, test } from '@jest/globals';
import { VERBS } from '../../words/verbs.ts';
import type { EntityView } from '../../workflows/messages.ts';
import { entityRefusalOf, refusalOf } from '../../workflows/refusals.ts';
import { view as operationView } from '../policy/operation-views.ts';
import { securityGroup, stepOf } from './builders.ts';
import { object } from './life-events.ts';

const view = (changes: Partial<EntityView> = {}): EntityView => ({ object, phase: 'settled', ...changes });

test.each<[string, EntityView, RegExp | undefined]>([
  ['at rest, of which nothing was aborted', view(), /nothing to resume/],
  ['that is held', view({ phase: 'blocked', held: 'UpdateNodePool' }), undefined],
  ['that is paused between two turns', view({ rollout: 'UpdateNodePool', paused: true }), undefined],
  ['whose turns wait for a word', view({ heldBack: true }), undefined],
  // What it keeps of an abort or a pause is not shown while it looks.
  ['that looks at this moment', view({ phase: 'assessing' }), undefined],
  ['whose operation runs', view({ phase: 'operating', operationId: 'o' }), /say it to the workflow o/],
])('resume of one %s', (_what, seen, refused) => {
  const said = entityRefusalOf('resume', seen, []);
  if (refused === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(refused);
});

test.each(VERBS)(
  '%s of an operation that ends is refused with what to do, and one full stop behind what ends it',
  (verb) => {
    for (const ending of ['it was aborted', 'The object is gone.']) {
      const said = refusalOf(verb, {}, { view: operationView([]), steps: [], ending });
      expect(said).toMatch(/^The operation is ending: [^.]+\. Say it again once it has ended\.$/);
    }
  },
);

test('abort is refused once a step has begun from which there is no return, and says why', () => {
  const steps = [stepOf(securityGroup('a')), { ...stepOf(securityGroup('b')), noReturn: 'It is half done.' }];
  const seen = (state: 'pending' | 'running') =>
    operationView([
      { id: 'ensure security-group/a', key: 'security-group/a', needs: [], status: { state: 'running', since: 0 } },
      {
        id: 'ensure security-group/b',
        key: 'security-group/b',
        needs: [],
        status: state === 'pending' ? { state } : { state, since: 0 },
      },
    ]);
  expect(refusalOf('abort', {}, { view: seen('pending'), steps })).toBeUndefined();
  expect(refusalOf('abort', {}, { view: seen('running'), steps })).toBe('It is half done.');
});

/** What answers of API servers mean, and what must never look like absence. */
import { describe, expect, test } from '@jest/globals';
import { existsAlready, isAbsent, verdictOf } from '../../activities/verdicts.ts';
import { isNotFound, isUnreachable, isUnserved, refused, unanswered } from '../../kubernetes/errors.ts';

const answer = (status: number, body: unknown, retryAfter?: string) =>
  refused({
    verb: 'get',
    object: 'Secret default/x',
    server: 'https://api',
    status,
    body,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });

const status = (code: number, reason: string, message: string, details?: object) =>
  answer(code, { kind: 'Status', code, reason, message, details });

describe('absence (I12)', () => {
  test('is what the API server itself says about a named object', () => {
    const error = status(404, 'NotFound', 'secrets "x" not found', { name: 'x', kind: 'secrets' });
    expect(isNotFound(error)).toBe(true);
    expect(isAbsent(error)).toBe(true);
  });

  test('is not a path that nobody serves, nor a page of a proxy', () => {
    const unserved = [
      answer(404, undefined),
      status(404, 'NotFound', 'the server could not find the requested resource', {}),
    ];
    for (const error of unserved) {
      expect(isUnserved(error)).toBe(true);
      expect(isAbsent(error)).toBe(false);
    }
  });

  test('is not silence', () => {
    const error = unanswered(
      { verb: 'get', object: 'Secret default/x', server: 'https://api' },
      new Error('ECONNREFUSED'),
    );
    expect(isUnreachable(error)).toBe(true);
    expect(verdictOf(error).verdict).toBe('retry');
    expect(error.message).toBe(
      'Kubernetes at https://api did not answer when asked to get Secret default/x: ECONNREFUSED',
    );
  });
});

describe('verdicts', () => {
  test.each([
    ['wrong credentials', status(401, 'Unauthorized', 'Unauthorized'), 'blocked'],
    ['missing rights', status(403, 'Forbidden', 'cannot get secrets'), 'blocked'],
    ['a namespace that is going', status(403, 'Forbidden', 'because it is being terminated'), 'retry'],
    ['a lost race', status(409, 'Conflict', 'the object has been modified'), 'retry'],
    ['an object that the server finds invalid', status(422, 'Invalid', 'spec.x: Required'), 'bug'],
    ['a webhook’s refusal', status(400, 'BadRequest', 'admission webhook "x" denied the request'), 'blocked'],
    ['a server that is starting', answer(503, undefined), 'retry'],
  ])('%s', (_what, error, verdict) => {
    expect(verdictOf(error).verdict).toBe(verdict);
  });

  test('a server that is busy says for how long', () => {
    expect(verdictOf(answer(429, undefined, '7'))).toMatchObject({ verdict: 'retry', delayMs: 7_000 });
    const said = status(429, 'TooManyRequests', 'busy', { retryAfterSeconds: 5 });
    expect(verdictOf(said)).toMatchObject({ verdict: 'retry', delayMs: 5_000 });
  });

  test('a create that finds its name taken leads to a look, not to a failure', () => {
    expect(existsAlready(status(409, 'AlreadyExists', 'exists', { name: 'x' }))).toBe(true);
    expect(existsAlready(status(409, 'Conflict', 'modified', { name: 'x' }))).toBe(false);
  });
});

import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { hasCode, messageOf, messagesOf, wholeMessageOf } from '../../words/failure.ts';

const refused = (address: string): Error =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });

describe('What was thrown', () => {
  test.each<[string, unknown, string]>([
    ['an error', new Error('no'), 'no'],
    ['an error of another realm', runInNewContext('new Error("no")'), 'no'],
    ['a string', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['an error without a message', new TypeError(''), 'TypeError'],
    ['one that has only a code', Object.assign(new Error(''), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [
      'an error of several',
      Object.assign(new AggregateError([refused('::1:1'), refused('127.0.0.1:1')], ''), { code: 'ECONNREFUSED' }),
      'connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1',
    ],
  ])('%s says what it says', (_what, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });

  test('says its causes too, each once, and does not go round in a circle', () => {
    const deep = new Error('fetch failed', { cause: new Error('fetch failed', { cause: refused('10.0.0.1:443') }) });
    expect(messagesOf(deep)).toEqual(['fetch failed', 'connect ECONNREFUSED 10.0.0.1:443']);
    expect(wholeMessageOf(deep)).toBe('fetch failed: connect ECONNREFUSED 10.0.0.1:443');
    const circle = new Error('round');
    circle.cause = circle;
    expect(messagesOf(circle)).toEqual(['round']);
  });

  test.each<[unknown, boolean]>([
    [Object.assign(new Error(''), { code: 'ENOENT' }), true],
    [Object.assign(new Error(''), { code: 'EACCES' }), false],
    [Object.assign(new Error(''), { code: 7 }), false],
    ['ENOENT', false],
    [null, false],
  ])('%s has the code: %s', (thrown, has) => {
    expect(hasCode(thrown, 'ENOENT', 'ESRCH')).toBe(has);
  });
});

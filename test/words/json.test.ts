import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { plainJson } from '../../words/json.ts';

test('what is written as JSON is read as JSON and as YAML, whichever characters are in it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = plainJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(parse(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('what YAML has no place for is escaped, and half a character is told as lost', () => {
  expect(plainJson({ said: 'a\u0085b\u007fc\ud83d' })).toBe('{"said":"a\\u0085b\\u007fc\ufffd"}');
});

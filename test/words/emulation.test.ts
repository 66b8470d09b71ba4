import { describe, expect, test } from '@jest/globals';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';

describe('the tags of emulation', () => {
  test('are called as an operator finds them in the console', () => {
    expect([EMULATES_TAG, COMMITTED_TAG]).toEqual(['slipway.dev/emulates', 'slipway.dev/committed']);
  });
});

import { describe, expect, test } from '@jest/globals';
import { paintFor } from '../../client/cli/output.ts';

const TERMINAL = { isTTY: true };
const PIPE = {};

describe('colours', () => {
  test.each([
    ['on a terminal', TERMINAL, {}, true],
    ['not in a pipe', PIPE, {}, false],
    ['not in a pipe of a build', PIPE, { CI: 'true' }, false],
    ['not on a terminal that has none', TERMINAL, { TERM: 'dumb' }, false],
    ['not where somebody wants none', TERMINAL, { NO_COLOR: '1' }, false],
    ['on a terminal where NO_COLOR is there but empty', TERMINAL, { NO_COLOR: '' }, true],
    ['in a pipe for those who ask', PIPE, { FORCE_COLOR: '1' }, true],
    ['not where FORCE_COLOR is 0', PIPE, { FORCE_COLOR: '0' }, false],
    ['not where somebody wants both', TERMINAL, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('%s', (_where, stream, environment, painted) => {
    expect(paintFor(stream, environment).red('text') !== 'text').toBe(painted);
  });
});

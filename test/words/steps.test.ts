import { expect, test } from '@jest/globals';
import { isBlocked, isOver } from '../../words/steps.ts';

test.each([
  { state: 'pending', blocked: false, over: false },
  { state: 'running', blocked: false, over: false },
  { state: 'blocked', blocked: true, over: false },
  { state: 'done', blocked: false, over: true },
  { state: 'skipped', blocked: false, over: true },
])('of a step that is $state it is $blocked that it is blocked, and $over that nothing more comes of it', (row) => {
  const step = { status: { state: row.state } };
  expect({ blocked: isBlocked(step), over: isOver(step) }).toEqual({ blocked: row.blocked, over: row.over });
});

import type { TargetHealthStateEnum } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, test } from '@jest/globals';
import { stateOfTarget } from '../../../activities/aws/targets.ts';

test.each<[TargetHealthStateEnum | undefined, string]>([
  ['healthy', 'healthy'],
  ['unhealthy', 'unhealthy'],
  // It keeps connections, and gets no new ones.
  ['unhealthy.draining', 'unhealthy'],
  // Nobody asked it yet, or any more.
  ['initial', 'unknown'],
  ['draining', 'unknown'],
  ['unused', 'unknown'],
  ['unavailable', 'unknown'],
  [undefined, 'unknown'],
])('a target that the load balancer calls %s is %s', (state, expected) => {
  expect(stateOfTarget(state)).toBe(expected);
});

import { describe, expect, test } from '@jest/globals';
import { PACES, paceOf, timingOf } from '../../sandbox/pace.ts';

describe('the pace of a sandbox', () => {
  test('is AWS’s own unless somebody asks for another', () => {
    expect(paceOf({})).toEqual(PACES.aws);
    expect(paceOf({ SLIPWAY_PACE: 'quick' })).toEqual(PACES.quick);
  });

  test('has settings of its own for what takes longest', () => {
    const settings = {
      SLIPWAY_REGISTRATION_SECONDS: '20',
      SLIPWAY_SHUTDOWN_SECONDS: '0',
      SLIPWAY_VISIBILITY_SECONDS: '1.5',
      SLIPWAY_NODE_GRACE_SECONDS: '7',
    };
    const asked = { registrationSeconds: 20, shutdownSeconds: 0, visibilitySeconds: 1.5, nodeGraceSeconds: 7 };
    expect(paceOf(settings)).toEqual({ ...PACES.aws, ...asked });
    expect(timingOf(paceOf(settings))).toMatchObject({ target_registration: 20, shutdown_limit: 0, visible: 1.5 });
  });

  test('is refused where it says nothing that can be meant', () => {
    expect(() => paceOf({ SLIPWAY_PACE: 'brisk' })).toThrow('SLIPWAY_PACE is "brisk": it must be aws or quick');
    for (const seconds of ['', ' ', '-1', 'soon', 'Infinity']) {
      expect(() => paceOf({ SLIPWAY_SHUTDOWN_SECONDS: seconds })).toThrow('must be a number of seconds');
    }
  });

  test('as AWS’s own checks and drains as target groups say; a quick one does not', () => {
    expect(timingOf(PACES.aws)).toMatchObject({ check_interval: 0, target_drain: 3_600 });
    expect(timingOf(PACES.quick)).toMatchObject({ check_interval: 1, target_drain: 0.3 });
  });
});

import { describe, expect, test } from '@jest/globals';
import { scheduleIn, scheduleText } from '../../words/backup-schedule.ts';

describe('what agents are told of snapshots', () => {
  test('is read as it was written', () => {
    const schedule = { bucket: 'slipway-backups', everyHours: 168 };
    expect(scheduleIn(scheduleText(schedule))).toEqual(schedule);
    expect(scheduleIn(scheduleText(undefined))).toBeUndefined();
  });

  test.each([undefined, '', 'none', 'backups', 'backups 0', 'backups -6', 'backups 6h', 'backups 6 14', ' 6'])(
    'is nothing where it is %o',
    (text) => {
      expect(scheduleIn(text)).toBeUndefined();
    },
  );
});

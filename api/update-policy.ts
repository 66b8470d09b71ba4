/**
 * Update policy: when the machines of node pools may begin to be replaced by others, because their spec changed.
 *
 * Owns: the field `updatePolicy` of both kinds. Neighbours: `policy/update-windows.ts` says whether a window is open and when the next
 * one begins; `policy/decide-turns.ts` obeys it.
 */
import { z } from 'zod';
import { ATOMIC_LIST, format, rules } from './fields.ts';

export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const MODES = ['Immediate', 'Window', 'Manual'] as const;

const DISTINCT_DAYS = { rule: 'self.all(x, self.exists_one(y, y == x))', message: 'days must be distinct' };

const window = z.object({
  days: z
    .array(z.enum(DAYS))
    .min(1)
    .max(7)
    .meta({ ...ATOMIC_LIST, ...rules(DISTINCT_DAYS) })
    .describe('Days of the week on which the window begins, in UTC.'),
  start: format(
    /^([01][0-9]|2[0-3]):[0-5][0-9]$/,
    5,
    'must be a time of day in UTC with two digits each, such as 22:30',
  ).describe('When it begins on each of them, in UTC: hours and minutes.'),
  minutes: z.int().min(1).max(1440).describe('How long it is, in minutes. It may reach into the next day.'),
});

const updatePolicy = z
  .object({
    mode: z
      .enum(MODES)
      .default('Immediate')
      .describe(
        'Immediate: as soon as the spec changes. Window: only within one of the windows. Manual: once somebody says `resume`, which lets turns begin in any mode.',
      ),
    windows: z
      .array(window)
      .max(20)
      .exactOptional()
      .meta(ATOMIC_LIST)
      .describe('The windows of mode Window; they may overlap.'),
  })
  .meta(
    rules({
      rule: "self.mode != 'Window' || (has(self.windows) && size(self.windows) > 0)",
      message: 'mode Window needs at least one of windows: without any, no machine would ever be replaced',
      fieldPath: '.windows',
    }),
  );

/** The field; `whose` says for which pools it counts. */
export const updatePolicyField = (whose: string) =>
  updatePolicy
    .exactOptional()
    .describe(
      `When machines may begin to be replaced by others because the spec changed. ${whose} A turn that has begun is ended. What is changed in place, fewer nodes, and repair never wait.`,
    );

export type UpdatePolicy = z.output<typeof updatePolicy>;

/**
 * Faults: what the network, or a service as a whole, can do to a call; ordered by POST, taken one call at a time.
 *
 * Owns: which fault a call meets. Faults that need AWS's models (an error at one group's launches, "committed, but the
 * answer was an error") are moto's, see `moto_semantics/faults.py`.
 */
import { z } from 'zod';
import type { Call } from './call.ts';

export const faultSchema = z.strictObject({
  /** As recorded: `ec2`, `autoscaling`, `elbv2`, `kms`, `iam`, `sts`, … Absent: every service. */
  service: z.string().optional(),
  operation: z.string().optional(),
  /** Only calls signed with this access key. */
  accessKey: z.string().optional(),
  /**
   * `delay` waits `ms`, then goes on; `timeout` never answers (or drops the connection after `ms`); `reset` drops it at
   * once, before anything happened; `lost-answer` drops it after the call was carried out; `throttle` and `error` answer
   * with a code and do nothing.
   */
  kind: z.enum(['delay', 'reset', 'timeout', 'lost-answer', 'throttle', 'error']),
  code: z.string().optional(),
  message: z.string().optional(),
  status: z.int().min(400).max(599).optional(),
  ms: z.int().min(0).optional(),
  /** How many calls meet it. */
  count: z.int().min(1).default(1),
});

type Fault = z.infer<typeof faultSchema>;
export type StandingFault = Fault & { readonly id: number; readonly left: number };

export type Faults = {
  readonly add: (fault: Fault) => StandingFault;
  readonly list: () => readonly StandingFault[];
  readonly clear: () => void;
  /** The delay and the other fault that this call meets; each counts down. */
  readonly take: (call: Call) => { readonly delayMs: number; readonly fault: StandingFault | undefined };
};

const matches = (fault: Fault, call: Call): boolean =>
  (fault.service === undefined || fault.service === call.service) &&
  (fault.operation === undefined || fault.operation === call.operation) &&
  (fault.accessKey === undefined || fault.accessKey === call.accessKey);

export const createFaults = (): Faults => {
  let standing: readonly StandingFault[] = [];
  let lastId = 0;

  const takeFirst = (call: Call, wanted: (fault: StandingFault) => boolean): StandingFault | undefined => {
    const found = standing.find((fault) => wanted(fault) && matches(fault, call));
    if (found !== undefined) {
      standing = standing
        .map((fault) => (fault.id === found.id ? { ...fault, left: fault.left - 1 } : fault))
        .filter((fault) => fault.left > 0);
    }
    return found;
  };

  return {
    add: (fault) => {
      lastId += 1;
      const added = { ...fault, id: lastId, left: fault.count };
      standing = [...standing, added];
      return added;
    },
    list: () => standing,
    clear: () => {
      standing = [];
    },
    // A delay and another fault can meet in one call: latencies of a whole account, say, and one reset.
    take: (call) => ({
      delayMs: takeFirst(call, (fault) => fault.kind === 'delay')?.ms ?? 0,
      fault: takeFirst(call, (fault) => fault.kind !== 'delay'),
    }),
  };
};

/** What a service says when it throttles: EC2 has a code of its own. */
export const throttleCodeOf = (service: string): { readonly code: string; readonly status: number } =>
  service === 'ec2' ? { code: 'RequestLimitExceeded', status: 503 } : { code: 'ThrottlingException', status: 400 };

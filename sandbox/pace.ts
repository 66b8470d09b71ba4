/**
 * Pace: how strict this sandbox is about time where availability is concerned, as one table.
 *
 * Owns: the two paces, the settings that choose between them, and what they mean for the account's double, which tells
 * everybody else: the data plane reads from it how to check and which targets it may use, the host of machines how long one
 * may take to end. Neighbours: `aws/main.ts` hands the timing to moto, `commands/up.ts` refuses settings that mean nothing.
 * What costs no time is strict in both: a connection tries one target, and so on (`differences.ts`).
 *
 * AWS promises none of these times. Its documentation says that a registration may take minutes, and that an instance may
 * be shutting down for some; people measured two to three minutes from RegisterTargets to the first connection
 * (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/1834) and two minutes from DeregisterTargets to
 * the last new one (https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366).
 */
import { SHUTDOWN_DELAY_SECONDS } from '../machine/health-check.ts';
import { SandboxFailure } from './failure.ts';

const PACE_NAMES = ['aws', 'quick'] as const;
export type PaceName = (typeof PACE_NAMES)[number];

export type Pace = {
  /** Between two health checks of a target that is well; `asked` is what its target group says. */
  readonly checkSeconds: number | 'asked';
  /** Until a load balancer knows that a target was registered, and until it knows that one was deregistered. */
  readonly registrationSeconds: number;
  /** How long a target is shown as draining at most; `asked` is its group's deregistration delay. */
  readonly drainSeconds: number | 'asked';
  /** How long a machine that was told to end may take before it is cut off. */
  readonly shutdownSeconds: number;
  /** Until what was just made is known to whoever is asked to use it: groups, launch templates, instance profiles. */
  readonly visibilitySeconds: number;
  /** For how long a stub control plane hears nothing of a node before it says so. */
  readonly nodeGraceSeconds: number;
  /** For how long a stub API server that is told to stop serves on; as real ones are told, or until checks that hurry have noticed. */
  readonly leaveSeconds: number;
};

export const PACES: Readonly<Record<PaceName, Pace>> = {
  aws: {
    checkSeconds: 'asked',
    registrationSeconds: 120,
    drainSeconds: 'asked',
    shutdownSeconds: 300,
    visibilitySeconds: 2,
    // kube-controller-manager's --node-monitor-grace-period.
    nodeGraceSeconds: 50,
    leaveSeconds: SHUTDOWN_DELAY_SECONDS,
  },
  // For whoever waits and asks something else. A machine can say goodbye in a second, but not leave in peace.
  quick: {
    checkSeconds: 1,
    registrationSeconds: 0.1,
    drainSeconds: 0.3,
    shutdownSeconds: 1,
    visibilitySeconds: 0,
    nodeGraceSeconds: 3,
    leaveSeconds: 3,
  },
};

/** More than any group may ask for. */
const NO_LIMIT_SECONDS = 3_600;

/** The pace in moto's words, in seconds: see `aws/moto_semantics/simulation.py`. */
export const timingOf = (pace: Pace): Readonly<Record<string, number>> => ({
  check_interval: pace.checkSeconds === 'asked' ? 0 : pace.checkSeconds,
  target_registration: pace.registrationSeconds,
  target_deregistration: pace.registrationSeconds,
  target_drain: pace.drainSeconds === 'asked' ? NO_LIMIT_SECONDS : pace.drainSeconds,
  shutdown_limit: pace.shutdownSeconds,
  visible: pace.visibilitySeconds,
});

const refused = (name: string, value: string, wanted: string): SandboxFailure =>
  new SandboxFailure('refused', `${name} is "${value}": it must be ${wanted}`, `set ${name} to that, or unset it`);

const secondsIn = (environment: NodeJS.ProcessEnv, name: string, otherwise: number): number => {
  const value = environment[name];
  if (value === undefined) return otherwise;
  const seconds = Number(value);
  if (value.trim() === '' || !(seconds >= 0 && seconds < Infinity)) throw refused(name, value, 'a number of seconds');
  return seconds;
};

const isPaceName = (value: string): value is PaceName => PACE_NAMES.some((name) => name === value);

/** The pace that the settings ask for. Unless they say otherwise it is AWS's own: who wants less must say so. */
export const paceOf = (environment: NodeJS.ProcessEnv): Pace => {
  const name = environment['SLIPWAY_PACE'] ?? 'aws';
  if (!isPaceName(name)) throw refused('SLIPWAY_PACE', name, PACE_NAMES.join(' or '));
  const pace = PACES[name];
  return {
    ...pace,
    registrationSeconds: secondsIn(environment, 'SLIPWAY_REGISTRATION_SECONDS', pace.registrationSeconds),
    shutdownSeconds: secondsIn(environment, 'SLIPWAY_SHUTDOWN_SECONDS', pace.shutdownSeconds),
    visibilitySeconds: secondsIn(environment, 'SLIPWAY_VISIBILITY_SECONDS', pace.visibilitySeconds),
    nodeGraceSeconds: secondsIn(environment, 'SLIPWAY_NODE_GRACE_SECONDS', pace.nodeGraceSeconds),
  };
};

/**
 * Fault: makes AWS fail, as a network, a service, a disk or a lack of machines would.
 *
 * Owns: faults as commands. Neighbours: `sandbox/aws/` makes those of the network and of whole services in its proxy, and
 * those that need AWS's models, such as a group that can launch nothing, beside moto; `sandbox/instances` those of machines.
 */
import { SandboxFailure } from '../failure.ts';
import { hangInstance, loseDisk, resumeInstance } from '../instances/mishaps.ts';
import { theSandbox } from './sandbox.ts';
import { statusNow } from './status.ts';
import { clearStubFaults, hangStubInstance, resumeStubInstance, stubFaults } from './stub.ts';

/** What the proxy can do to a call. */
export const CALL_FAULTS = ['delay', 'reset', 'timeout', 'lost-answer', 'throttle', 'error'] as const;

export type CallFault = {
  readonly kind: (typeof CALL_FAULTS)[number];
  readonly service?: string;
  readonly operation?: string;
  readonly count: number;
  readonly ms?: number;
  readonly code?: string;
};

const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const { endpoint } = statusNow().aws;
  const refused = (why: string, cause?: unknown) =>
    new SandboxFailure(
      'refused',
      `AWS did not take the fault: ${why}`,
      'see `npm run sandbox -- fault --help`, and `status` for whether the part `aws` runs',
      { cause },
    );
  const answer = await fetch(`${endpoint}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw refused(`${endpoint} does not answer`, error);
  });
  const text = await answer.text();
  if (!answer.ok) throw refused(text);
  return JSON.parse(text);
};

const print = (answer: unknown): void => {
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
};

/** The next calls that match meet this fault. */
export const addCallFault = async (fault: CallFault): Promise<void> =>
  print(await ask('POST', '/_proxy/faults', fault));

/** The next launches of an auto scaling group fail with this code; or they are begun, and their instances die of it. */
export const addLaunchFault = async (
  group: string,
  fault: { readonly code: string; readonly count: number; readonly dies: boolean },
): Promise<void> =>
  print(
    await ask('POST', '/_sim/fault', {
      action: `asg:${group}`,
      message: fault.dies
        ? `The instance could not be started (a fault of the sandbox: ${fault.code}).`
        : `We currently do not have sufficient capacity (a fault of the sandbox: ${fault.code}).`,
      ...fault,
    }),
  );

/** Auto Scaling suspends the launches of a group, as it does by itself after a day of failures. */
export const giveUpGroup = async (group: string): Promise<void> => print(await ask('POST', '/_sim/suspend', { group }));

export const VOLUME_ENDS = ['error', 'vanishes'] as const;
export type VolumeEnd = (typeof VOLUME_ENDS)[number];

/** The next volumes that are made come to nothing. */
export const addVolumeFault = async (end: VolumeEnd, count: number): Promise<void> =>
  print(await ask('POST', '/_sim/fault', { action: 'volume', end, count }));

/** What was made is unknown for so long, as AWS may not know it yet everywhere. */
export const hideFromSight = async (ids: readonly string[], seconds: number): Promise<void> =>
  print(await ask('POST', '/_sim/unseen', { ids, seconds }));

/** EC2 can't finish with an instance that was told to end, as when its host is dead; 0 seconds: now it can. */
export const linger = async (id: string, seconds: number): Promise<void> => {
  await ask('POST', '/_sim/linger', { id, seconds });
  print({ id, seconds });
};

/** A volume fails: AWS has it no more, its data is gone, and whoever had it open dies of that. */
export const loseVolume = async (id: string): Promise<void> => {
  const { layout } = theSandbox();
  const lost = (await ask('POST', '/_sim/lose-volume', { id })) as { readonly instance: string | null };
  loseDisk(layout, id, lost.instance ?? undefined);
  print(lost);
};

/** Somebody takes a network interface from its instance: its address leads nowhere. */
export const detachInterface = async (id: string): Promise<void> =>
  print(await ask('POST', '/_sim/detach-interface', { id }));

/** Instances stop answering, though they run as far as EC2 can tell; or go on. */
export const hang = async (ids: readonly string[]): Promise<void> => {
  const { layout } = theSandbox();
  for (const id of ids) {
    if (layout.stub === undefined) hangInstance(layout, id);
    else await hangStubInstance(layout.stub, id);
  }
};

export const resume = async (ids: readonly string[]): Promise<void> => {
  const { layout } = theSandbox();
  for (const id of ids) {
    if (layout.stub === undefined) resumeInstance(layout, id);
    else await resumeStubInstance(layout.stub, id);
  }
};

/** AWS's, and those of stub clusters where there are any. */
export const listFaults = async (): Promise<void> => {
  const aws = await ask('GET', '/_proxy/faults');
  const stub = await stubFaults();
  print(Array.isArray(stub) && stub.length > 0 ? { aws, stub } : aws);
};

export const clearFaults = async (): Promise<void> => {
  await clearStubFaults();
  await ask('DELETE', '/_sim/fault');
  print(await ask('DELETE', '/_proxy/faults'));
};

/**
 * Stub: what commands say to the machines of a stub sandbox.
 *
 * Owns: the requests to its door. Neighbours: `sandbox/stub/control.ts` answers; `fault.ts` and `parts.ts` are the commands.
 */
import { SandboxFailure } from '../failure.ts';
import type { HostPort, SandboxLayout } from '../layout.ts';
import type { StubFault } from '../stub/faults.ts';
import { theSandbox } from './sandbox.ts';

const askAt = async ({ host, port }: HostPort, method: string, path: string, body?: unknown): Promise<unknown> => {
  const refused = (why: string, cause?: unknown) =>
    new SandboxFailure(
      'refused',
      `the stub did not take the order: ${why}`,
      'see `npm run sandbox -- status` for whether the part `instances` runs',
      { cause },
    );
  const answer = await fetch(`http://${host}:${port}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw refused(`http://${host}:${port} does not answer`, error);
  });
  const text = await answer.text();
  if (!answer.ok) throw refused(text);
  return JSON.parse(text);
};

const stubOf = (layout: SandboxLayout): HostPort => {
  if (layout.stub !== undefined) return layout.stub;
  throw new SandboxFailure(
    'refused',
    'this fault is of stub clusters, and the machines of this sandbox are real',
    'start a sandbox with `npm run sandbox -- up --stub`, or use `kill` and `stop` on a part or an instance',
  );
};

const print = (answer: unknown): void => {
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
};

/** Stands until it is cleared, or its count is used up. */
export const addStubFault = async (fault: StubFault): Promise<void> =>
  print(await askAt(stubOf(theSandbox().layout), 'POST', '/faults', fault));

/** The faults that stand in stub clusters; none in a sandbox with real machines. */
export const stubFaults = async (): Promise<unknown> => {
  const { stub } = theSandbox().layout;
  return stub === undefined ? [] : askAt(stub, 'GET', '/faults');
};

export const clearStubFaults = async (): Promise<void> => {
  const { stub } = theSandbox().layout;
  if (stub !== undefined) await askAt(stub, 'DELETE', '/faults');
};

const toMachine = async (stub: HostPort, id: string, what: 'kill' | 'hang' | 'resume'): Promise<void> => {
  await askAt(stub, 'POST', `/machines/${encodeURIComponent(id)}/${what}`);
};

export const killStubInstance = (stub: HostPort, id: string): Promise<void> => toMachine(stub, id, 'kill');
export const hangStubInstance = (stub: HostPort, id: string): Promise<void> => toMachine(stub, id, 'hang');
export const resumeStubInstance = (stub: HostPort, id: string): Promise<void> => toMachine(stub, id, 'resume');

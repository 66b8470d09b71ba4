/**
 * Components: brings a machine's components up in waves, and down against them.
 *
 * Owns: waiting between the waves, taking those out of service that orders are about, and the two services that the agent runs in its own process. They cost nothing there
 * that they would not cost elsewhere, and end with the machine.
 * Neighbours: `machine/components.ts` says what there is; the host runs binaries.
 * Invariant: I9 (readiness is logged as it comes; what is waited for is named by each component's probe).
 */

import type { Component } from '../machine/component.ts';
import { startWaves, stopWaves } from '../machine/order.ts';
import { wholeMessageOf } from '../words/failure.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { Kms } from './aws/kms.ts';
import { warmUpCustomResources } from './custom-resources.ts';
import type { Host, RunningComponent } from './host.ts';
import { startKmsPlugin } from './kms-plugin.ts';
import type { Log } from './log.ts';
import { runNodeApprover } from './node-approver.ts';
import type { Serving } from './orders.ts';
import { createStorageCipher } from './storage-cipher.ts';

export type Services = {
  readonly host: Host;
  readonly kms: Kms;
  readonly ec2: Ec2;
  readonly log: Log;
  /** By component: whether its program may start again after it ended by itself. */
  readonly mayStartAgain: Readonly<Record<string, () => Promise<boolean>>>;
};

const start = async (component: Component, services: Services): Promise<RunningComponent> => {
  const { host, kms, ec2, log } = services;
  const { name, program } = component;
  switch (program.kind) {
    case 'binary':
      return host.run({ ...component, program }, services.mayStartAgain[name]);
    case 'kms-plugin': {
      const plugin = await startKmsPlugin({
        socket: program.socket,
        keyArn: program.keyArn,
        cipher: createStorageCipher(kms, program.keyArn, program.clusterId),
        log,
      });
      return { name, ready: Promise.resolve(), stop: plugin.stop };
    }
    case 'node-approver': {
      const stopping = new AbortController();
      const running = runNodeApprover({ ...program, ec2, log }, stopping.signal).catch((thrown: unknown) => {
        if (!stopping.signal.aborted) log.error(`The node approver ended: ${wholeMessageOf(thrown)}`);
      });
      return {
        name,
        ready: Promise.resolve(),
        stop: async () => {
          stopping.abort(new Error('the machine stops'));
          await running;
        },
      };
    }
  }
};

type Running = {
  readonly components: readonly Component[];
  readonly services: Services;
  readonly running: Map<string, RunningComponent>;
  readonly signal: AbortSignal;
  /** Rejects once the signal is aborted. */
  readonly stopped: Promise<never>;
  /** What stops or starts components at the moment. */
  changing: Promise<unknown>;
};

/** Ready once its probe answers, and whatever is to be asked before anybody else asks was asked. */
const readiness = async (component: Component, one: RunningComponent, { services, signal }: Running): Promise<void> => {
  await one.ready;
  if (component.warmUp !== undefined) await warmUpCustomResources(component.warmUp, services.log, signal);
};

/** Starts in order whatever doesn't run. What was started is in `running`, even if it is interrupted. */
const startAll = async (machine: Running): Promise<void> => {
  const { components, services, running, signal, stopped } = machine;
  for (const wave of startWaves(components)) {
    signal.throwIfAborted();
    const started = await Promise.all(
      wave
        .filter(({ name }) => !running.has(name))
        .map(async (component) => {
          const one = await start(component, services);
          running.set(component.name, one);
          // Told to stop meanwhile: whoever stops all did not see it yet.
          if (signal.aborted) await one.stop();
          return { component, one };
        }),
    );
    await Promise.race([Promise.all(started.map(({ component, one }) => readiness(component, one, machine))), stopped]);
  }
};

/** Stops, against the order of starting, those that are asked for. */
const stopAll = async (
  { components, running }: Running,
  isMeant: (component: Component) => boolean = () => true,
): Promise<void> => {
  for (const wave of stopWaves(components)) {
    await Promise.all(
      wave.filter(isMeant).map(async ({ name }) => {
        await running.get(name)?.stop();
        running.delete(name);
      }),
    );
  }
};

/** Runs all components until the signal is aborted, then stops them and returns. `onReady` may take those out that serve, and back. */
export const runComponents = async (
  components: readonly Component[],
  services: Services,
  signal: AbortSignal,
  onReady: (serving: Serving) => void,
): Promise<void> => {
  await services.host.endLeftovers(components);
  const stopped = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Each who waits races it; between two waits it is nobody's.
  stopped.catch(() => undefined);
  const changing = Promise.resolve();
  const machine: Running = { components, services, running: new Map(), signal, stopped, changing };
  /** One after the other; how it ends is told to who asked. */
  const inTurn = (change: () => Promise<void>) => (): Promise<void> => {
    const done = machine.changing.then(change);
    machine.changing = done.catch(() => undefined);
    return done;
  };
  try {
    await startAll(machine);
    onReady({
      leave: inTurn(() => stopAll(machine, ({ stays }) => stays !== true)),
      serve: inTurn(() => startAll(machine)),
    });
    await stopped;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    await machine.changing;
    await stopAll(machine);
  }
};

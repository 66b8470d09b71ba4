/**
 * Components: brings a machine's components up in waves, and down against them.
 *
 * Owns: waiting between the waves, and the two services that the agent runs in its own process. They cost nothing there
 * that they would not cost elsewhere, and end with the machine.
 * Neighbours: `machine/components.ts` says what there is; the host runs binaries.
 * Invariant: I9 (readiness is logged as it comes; what is waited for is named by each component's probe).
 */

import type { Component } from '../machine/component.ts';
import { startWaves, stopWaves } from '../machine/order.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { Kms } from './aws/kms.ts';
import { messageOf } from './failure.ts';
import type { Host, RunningComponent } from './hosts/host.ts';
import { startKmsPlugin } from './kms-plugin.ts';
import type { Log } from './log.ts';
import { runNodeApprover } from './node-approver.ts';
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
        if (!stopping.signal.aborted) log.error(`The node approver ended: ${messageOf(thrown)}`);
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

/** Starts everything in order. What was started is in `running`, even if it is interrupted. */
const startAll = async (
  components: readonly Component[],
  services: Services,
  running: Map<string, RunningComponent>,
  signal: AbortSignal,
): Promise<void> => {
  for (const wave of startWaves(components)) {
    signal.throwIfAborted();
    const started = await Promise.all(
      wave.map(async (component) => {
        const one = await start(component, services);
        running.set(component.name, one);
        return one;
      }),
    );
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    // Raced below; a wave that is ready leaves it to nobody.
    stopped.catch(() => undefined);
    await Promise.race([Promise.all(started.map((each) => each.ready)), stopped]);
  }
};

const stopAll = async (
  components: readonly Component[],
  running: ReadonlyMap<string, RunningComponent>,
): Promise<void> => {
  for (const wave of stopWaves(components)) {
    await Promise.all(wave.map(async (component) => running.get(component.name)?.stop()));
  }
};

/** Runs all components until the signal is aborted, then stops them and returns. */
export const runComponents = async (
  components: readonly Component[],
  services: Services,
  signal: AbortSignal,
  onReady: () => void,
): Promise<void> => {
  await services.host.endLeftovers(components);
  const running = new Map<string, RunningComponent>();
  try {
    await startAll(components, services, running, signal);
    onReady();
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    await stopAll(components, running);
  }
};

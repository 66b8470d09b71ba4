/**
 * Components: brings a machine's components up in waves, and down against them.
 *
 * Owns: waiting between the waves, taking those out of service that orders are about, and the two services that the agent runs in its
 * own process. They cost nothing there that they would not cost elsewhere, and end with the machine.
 * Neighbours: `machine/components.ts` says what there is; `emulation.ts` as what Kubernetes starts; the host runs binaries.
 * Invariant: I9 (readiness is logged as it comes; what is waited for is named by each component's probe).
 */

import type { Minor } from '../api/minor.ts';
import type { Component } from '../machine/component.ts';
import { startWaves, stopWaves } from '../machine/order.ts';
import type { Serves } from '../machine/serves.ts';
import { wholeMessageOf } from '../words/failure.ts';
import type { Ec2 } from './aws/ec2.ts';
import type { Kms } from './aws/kms.ts';
import { warmUpCustomResources } from './custom-resources.ts';
import type { AllowedStart, Emulation, VolumeTags } from './emulation.ts';
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

/** What a machine runs, and what says as which minor its Kubernetes does. */
export type Programs = {
  /** All components; their names are the same whatever is emulated. */
  readonly described: (emulates?: Minor) => readonly Component[];
  /** Version of Kubernetes, without a leading v. */
  readonly version: string;
  readonly emulation: Emulation;
  /** Tags of the volume as they were read last. */
  readonly tags: VolumeTags;
};

type Running = {
  components: readonly Component[];
  /** As what Kubernetes was started last. */
  started?: AllowedStart;
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

type Meant = (component: Component) => boolean;
const goesOn: Meant = ({ stays }) => stays === true;
const serves: Meant = ({ stays }) => stays !== true;

/** Starts in order whatever is meant and doesn't run. What was started is in `running`, even if it is interrupted. */
const startAll = async (machine: Running, isMeant: Meant): Promise<void> => {
  const { components, services, running, signal, stopped } = machine;
  for (const wave of startWaves(components)) {
    signal.throwIfAborted();
    const started = await Promise.all(
      wave
        .filter((component) => isMeant(component) && !running.has(component.name))
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
const stopAll = async ({ components, running }: Running, isMeant: Meant = () => true): Promise<void> => {
  for (const wave of stopWaves(components)) {
    await Promise.all(
      wave.filter(isMeant).map(async ({ name }) => {
        await running.get(name)?.stop();
        running.delete(name);
      }),
    );
  }
};

/** Starts what serves, as it is allowed to. */
const serveAs = async (machine: Running, { described, version }: Programs, start: AllowedStart): Promise<Serves> => {
  const { serves: emulation, emulates } = start;
  // What a stop left running must not go on as another minor than what starts beside it.
  if (machine.started?.serves !== emulation) await stopAll(machine, serves);
  machine.components = described(emulates);
  machine.started = start;
  machine.services.log.info(`Kubernetes ${version} serves as ${emulation}`, { emulates: emulates !== undefined });
  await startAll(machine, () => true);
  return { version, emulation };
};

const servingOf = (machine: Running, programs: Programs): Serving => {
  const { decide } = programs.emulation;
  /** One after the other; how it ends is told to who asked. */
  const inTurn = <T>(change: () => Promise<T>): Promise<T> => {
    const done = machine.changing.then(change);
    machine.changing = done.catch(() => undefined);
    return done;
  };
  return {
    leave: () => inTurn(() => stopAll(machine, serves)),
    serve: (tags) =>
      inTurn(async () => {
        const start = await decide(tags);
        if (start.kind === 'wait') throw new Error(start.reason);
        return serveAs(machine, programs, start);
      }),
    heed: async (tags) => {
      const start = await decide(tags);
      return start.kind === 'wait' ? start.reason : undefined;
    },
    emulates: () => machine.started?.emulates !== undefined,
  };
};

/**
 * Runs all components until the signal is aborted, then stops them and returns. What goes on while a replica leaves starts first, and
 * alone where Kubernetes may not: etcd's quorum needs it. `onReady` may take those out that serve, and back.
 */
export const runComponents = async (
  programs: Programs,
  services: Services,
  signal: AbortSignal,
  onReady: (serving: Serving, serves: Serves) => void,
): Promise<void> => {
  const components = programs.described();
  await services.host.endLeftovers(components);
  const stopped = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // Each who waits races it; between two waits it is nobody's.
  stopped.catch(() => undefined);
  const changing = Promise.resolve();
  const machine: Running = { components, services, running: new Map(), signal, stopped, changing };
  try {
    await startAll(machine, goesOn);
    const start = await programs.emulation.untilAllowed(programs.tags, signal);
    const now = await serveAs(machine, programs, start);
    onReady(servingOf(machine, programs), now);
    await stopped;
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    await machine.changing;
    await stopAll(machine);
  }
};

/**
 * Sandbox host: a machine played by processes of an ordinary user.
 *
 * Owns: folders instead of disks, and child processes instead of units of systemd. The addresses of interfaces are loopback
 * addresses, which are there already. Children stay in the agent's process group, so that killing an instance kills it
 * whole. Neighbours: `agent/host.ts` is the interface; `supervisor.ts` runs each process, in the version that `programs.ts` finds;
 * `sandbox/kubelet` plays a node's kubelet; `sandbox/differences.ts` says where components' arguments differ.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { BinaryComponent, Host } from '../../agent/host.ts';
import type { Log } from '../../agent/log.ts';
import { secureAgent } from '../../kubernetes/connections.ts';
import { stopWaves } from '../../machine/order.ts';
import { present } from '../../words/present.ts';
import { MACHINE_DIFFERENCES } from '../differences.ts';
import { capacityOf } from '../kubelet/capacity.ts';
import { runKubelet } from '../kubelet/node.ts';
import { settingsOf } from '../kubelet/settings.ts';
import { endProcess } from '../process.ts';
import type { Environment } from './environment.ts';
import { programOf, runEnding } from './programs.ts';
import { leftoverOf, supervise } from './supervisor.ts';

/** The kernel's limit for a unix socket's path, without its final zero. */
const SOCKET_PATH_BYTES = 107;

/** What every child inherits beside the sandbox's own variables, by one of which it knows an instance's processes. */
const PASSED_ON = ['PATH', 'GOGC'];

const inherited = (home: string): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && (PASSED_ON.includes(name) || name.startsWith('SLIPWAY_')) ? [[name, value]] : [],
    ),
  ),
  HOME: home,
});

const pacesOf = ({ orderSeconds, renewalSeconds, certificateAgeSeconds }: Environment) => {
  const millis = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1_000);
  return present({
    orderMillis: millis(orderSeconds),
    renewalMillis: millis(renewalSeconds),
    certificateAgeMillis: millis(certificateAgeSeconds),
  });
};

const writeFiles = async ({ files }: BinaryComponent): Promise<void> => {
  for (const file of files) {
    await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
    await writeFile(file.path, file.content, { mode: file.mode });
  }
};

/** In the home, or where that is too deep in a folder of its own. */
const socketPathIn = (home: string, name: string): string => {
  const near = `${home}/run/${name}`;
  if (Buffer.byteLength(near) <= SOCKET_PATH_BYTES) return near;
  const folder = `${tmpdir()}/slipway-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return `${folder}/${name}`;
};

export const createSandboxHost = async (environment: Environment, log: Log): Promise<Host> => {
  const { home } = environment;
  const certificates = `${home}/run/pki`;
  const configuration = `${home}/run/config`;
  const state = `${home}/state`;
  for (const folder of [certificates, configuration, state]) await mkdir(folder, { recursive: true, mode: 0o700 });

  const pidFile = (name: string): string => `${home}/run/${name}.pid`;
  let probes: Agent | undefined;
  const probeAgent = (): Agent => {
    probes ??= secureAgent({ ca: readFileSync(`${certificates}/root-ca.crt`) });
    return probes;
  };

  return {
    differences: MACHINE_DIFFERENCES,
    ...pacesOf(environment),
    certificates,
    configuration,
    state,
    mountVolume: async (volumeId) => {
      const folder = `${environment.volumes}/${volumeId}`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    useAddress: () => Promise.resolve(),
    socketPath: (name) => socketPathIn(home, name),
    endLeftovers: async (components) => {
      for (const wave of stopWaves(components)) {
        await Promise.all(
          wave.map(async (component) => {
            const leftover = await leftoverOf(pidFile(component.name));
            if (leftover === undefined) return;
            log.warn(`${component.name} of an earlier agent still runs and is ended first`, { pid: leftover.pid });
            await endProcess(leftover, component.stopSeconds);
          }),
        );
      }
    },
    run: async (component, mayStartAgain) => {
      await writeFiles(component);
      return supervise({
        component,
        executable: await programOf(component, environment.binaries),
        logFile: `${home}/logs/${component.name}.log`,
        pidFile: pidFile(component.name),
        environment: inherited(home),
        probeAgent,
        ...(mayStartAgain === undefined ? {} : { mayStartAgain }),
        log,
      });
    },
    runToEnd: (program) => runEnding(program, environment.binaries, inherited(home)),
    cpusOf: ({ type }) => capacityOf(type).cpus,
    runNode: ({ components, ...node }, signal) =>
      runKubelet({ ...node, settings: settingsOf(components), state, log, proxy: environment.proxy }, signal),
  };
};

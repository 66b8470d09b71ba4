/**
 * Sandbox host: a machine played by processes of an ordinary user.
 *
 * Owns: folders instead of disks, and child processes instead of static pods. The addresses of interfaces are loopback
 * addresses, which are there already. Children stay in the agent's process group, so that killing an instance kills it
 * whole. Neighbours: `host.ts` is the interface; `supervisor.ts` runs each process; `machine/differences.ts` lists where
 * components' arguments differ.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import type { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { differences } from '../../machine/differences.ts';
import { stopWaves } from '../../machine/order.ts';
import type { Environment } from '../environment.ts';
import { secureAgent } from '../http.ts';
import type { Log } from '../log.ts';
import { endProcess } from '../process.ts';
import { leftoverOf, supervise } from '../supervisor.ts';
import type { BinaryComponent, Host } from './host.ts';

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

const executableOf = async ({ name, program }: BinaryComponent, binaries: string): Promise<string> => {
  const path = `${binaries}/${program.command}`;
  try {
    await access(path, constants.X_OK);
  } catch (thrown) {
    throw new Error(
      `Program ${program.command} is not in ${binaries} (SLIPWAY_BIN), so this machine cannot run ${name}.`,
      { cause: thrown },
    );
  }
  return path;
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
    probes ??= secureAgent({ authority: readFileSync(`${certificates}/root-ca.crt`, 'utf8') });
    return probes;
  };

  return {
    differences: differences.sandbox,
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
        executable: await executableOf(component, environment.binaries),
        logFile: `${home}/logs/${component.name}.log`,
        pidFile: pidFile(component.name),
        environment: inherited(home),
        probeAgent,
        ...(mayStartAgain === undefined ? {} : { mayStartAgain }),
        log,
      });
    },
  };
};

/**
 * Kwok: the process that plays one cluster's pods.
 *
 * Owns: starting, finding and ending it. It is detached and recorded, so that it outlives its host and is taken up
 * again. Neighbours: `pods.ts` decides; `instances/processes.ts` finds and kills.
 * It plays pods only (nodes are registered and kept alive by their agents), opens no port (`logs` and `exec` answer
 * nothing, and nothing that a pod asks for ever runs on this computer), and is no part of any instance.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_POOL_LABEL } from '../../api/names.ts';
import { killAll, leadersWithMark, type Mark } from '../instances/processes.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { identify, isAlive, type ProcessIdentity } from '../process.ts';
import { MARK } from '../supervisor/state.ts';

const STAGES = fileURLToPath(new URL('stages.yaml', import.meta.url));

const podsFolder = (layout: SandboxLayout): string => join(folders(layout.home).data, 'pods');
const clusterFolder = (layout: SandboxLayout, cluster: string): string => join(podsFolder(layout), cluster);
const recordPath = (layout: SandboxLayout, cluster: string): string =>
  join(clusterFolder(layout, cluster), 'process.json');

const markOf = (layout: SandboxLayout, cluster: string): Mark => ({
  name: 'SLIPWAY_PODS_OF',
  value: clusterFolder(layout, cluster),
});

/** Clusters that have, or had, a kwok here. */
export const knownClusters = (layout: SandboxLayout): readonly string[] =>
  existsSync(podsFolder(layout)) ? readdirSync(podsFolder(layout)) : [];

/** The process, and by which DNS name it dials the cluster's API. */
type Leader = ProcessIdentity & { readonly endpoint: string };

const readLeader = (layout: SandboxLayout, cluster: string): Leader | undefined => {
  const path = recordPath(layout, cluster);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Leader) : undefined;
};

const writeLeader = (layout: SandboxLayout, cluster: string, leader: Leader): void => {
  const path = recordPath(layout, cluster);
  writeFileSync(`${path}.new`, JSON.stringify(leader));
  renameSync(`${path}.new`, path);
};

/** Which API a cluster's kwok dials, while it runs. */
export const playedAt = (layout: SandboxLayout, cluster: string): string | undefined => {
  const leader = readLeader(layout, cluster);
  return leader !== undefined && isAlive(leader) ? leader.endpoint : undefined;
};

const kwokArguments = (kubeconfig: string): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  `--config=${STAGES}`,
  `--manage-nodes-with-label-selector=${NODE_POOL_LABEL}`,
  // Zero: Leases are the agents'.
  '--node-lease-duration-seconds=0',
  // Zero: it would listen on every address of this computer.
  '--node-port=0',
];

/** Starts a cluster's kwok, or takes up one that a host started and died before it wrote that down. */
export const startKwok = async (
  layout: SandboxLayout,
  {
    id: cluster,
    endpoint,
    kubeconfig,
  }: { readonly id: string; readonly endpoint: string; readonly kubeconfig: string },
  onExit: () => void,
): Promise<number> => {
  const folder = clusterFolder(layout, cluster);
  const [survivor] = leadersWithMark(markOf(layout, cluster));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (survivor !== undefined) {
    writeLeader(layout, cluster, { ...survivor, endpoint });
    return survivor.pid;
  }
  const kubeconfigPath = join(folder, 'kubeconfig');
  writeFileSync(kubeconfigPath, kubeconfig, { mode: 0o600 });
  mkdirSync(folders(layout.home).logs, { recursive: true });
  const log = openSync(join(folders(layout.home).logs, `pods-${cluster}.log`), 'a', 0o600);
  const mark = markOf(layout, cluster);
  const sandboxMark = process.env[MARK];
  try {
    const child = spawn(join(layout.bin, 'kwok'), kwokArguments(kubeconfigPath), {
      cwd: folder,
      env: {
        HOME: folder,
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        [mark.name]: mark.value,
        ...(sandboxMark === undefined ? {} : { [MARK]: sandboxMark }),
      },
      detached: true,
      stdio: ['ignore', log, log],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`kwok did not start: ${error.message}`, { cause: error })));
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.once('exit', onExit);
    child.unref();
    writeLeader(layout, cluster, { ...(identify(pid) ?? { pid, began: 'gone at once' }), endpoint });
    return pid;
  } finally {
    closeSync(log);
  }
};

/** Ends a cluster's kwok and removes what it knew; its log stays. */
export const endKwok = async (layout: SandboxLayout, cluster: string): Promise<void> => {
  const leader = readLeader(layout, cluster);
  if (leader !== undefined) await killAll(leader, markOf(layout, cluster));
  rmSync(clusterFolder(layout, cluster), { recursive: true, force: true });
};

/**
 * Restored data: etcd's data directory, made anew of a snapshot, with what was there before kept aside.
 *
 * Owns: the order of renames, by which an agent that died anywhere in between goes on where it was, and that one restore is carried out
 * once on a disk. Members of one restore get a new cluster token, so that one which missed it is never taken for a member; a revision far
 * above all that anybody has seen, so that every watch is told to list anew. Neighbours: `fetched-snapshot.ts` brought the file,
 * `etcd.ts` of `machine/` starts with what this leaves. Invariants: I2, I5 (nothing that etcd held is removed here).
 * https://etcd.io/docs/v3.6/op-guide/recovery/#restoring-with-revision-bump
 */
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { replicaName } from '../api/names.ts';
import { etcdDataDirectory } from '../machine/components.ts';
import type { ReplicaConfiguration } from '../machine/configuration.ts';
import { foundingCluster, peerUrlOf } from '../machine/membership.ts';
import type { RestoredFrom } from '../words/orders.ts';
import { fetchedFile } from './fetched-snapshot.ts';
import { isThere, readIfThere, writeDurably } from './files.ts';
import type { Host } from './host.ts';
import type { Log } from './log.ts';

/** More than a cluster writes in the years that a snapshot is kept: a thousand a second for eleven days, or two a second for fifteen years. */
const REVISIONS_AHEAD = 1_000_000_000;

export type Restoring = {
  readonly configuration: ReplicaConfiguration;
  /** Root of the volume's file system. */
  readonly folder: string;
  readonly host: Pick<Host, 'runToEnd'>;
  readonly log: Log;
};

/** Says by which restore the disk has what it has. */
const markFile = (folder: string): string => `${folder}/restored`;

/** What etcd held before a restore. */
const keptAside = (folder: string, { id }: Pick<RestoredFrom, 'id'>): string =>
  `${etcdDataDirectory(folder)}.before-${id}`;

/** Whatever stands in etcd's place afterwards is of this restore. */
const setAside = async (folder: string, from: RestoredFrom): Promise<void> => {
  const data = etcdDataDirectory(folder);
  const aside = keptAside(folder, from);
  if (await isThere(aside)) {
    await rm(data, { recursive: true, force: true });
    return;
  }
  if (await isThere(data)) await rename(data, aside);
  else await mkdir(aside, { mode: 0o700 });
};

const restoreArguments = ({ configuration, folder }: Restoring, from: RestoredFrom, target: string): string[] => {
  const { clusterId, index, memberAddresses } = configuration;
  return [
    'snapshot',
    'restore',
    fetchedFile(folder, from),
    `--name=${replicaName(clusterId, index)}`,
    `--initial-cluster=${foundingCluster(configuration)}`,
    `--initial-cluster-token=${clusterId}-${from.id}`,
    `--initial-advertise-peer-urls=${peerUrlOf(memberAddresses[index] ?? '')}`,
    `--data-dir=${target}`,
    `--bump-revision=${REVISIONS_AHEAD}`,
    '--mark-compacted',
  ];
};

/** One that held nothing leaves nothing behind. */
const tidy = async (folder: string, from: RestoredFrom): Promise<boolean> => {
  const aside = keptAside(folder, from);
  const held = (await readdir(aside)).length > 0;
  if (!held) await rmdir(aside);
  await rm(fetchedFile(folder, from), { force: true });
  return held;
};

/** Whether the disk holds what this restore made. */
const isRestored = async (folder: string, { id }: Pick<RestoredFrom, 'id'>): Promise<boolean> =>
  (await readIfThere(markFile(folder)))?.trim() === id;

/** etcd does not run. Resolves with the folder that has what was there before, if anything was. */
export const restoreData = async (restoring: Restoring, from: RestoredFrom): Promise<string | undefined> => {
  const { configuration, folder, host, log } = restoring;
  const aside = keptAside(folder, from);
  if (await isRestored(folder, from)) return (await isThere(aside)) ? aside : undefined;
  const began = Date.now();
  const data = etcdDataDirectory(folder);
  const fresh = `${data}.new`;
  await rm(fresh, { recursive: true, force: true });
  await host.runToEnd({
    command: 'etcdutl',
    version: configuration.versions.etcd,
    arguments: restoreArguments(restoring, from, fresh),
  });
  await setAside(folder, from);
  await rename(fresh, data);
  await writeDurably(markFile(folder), `${from.id}\n`);
  const held = await tidy(folder, from);
  log.info('etcd holds what the snapshot does', {
    ...{ key: from.key, seconds: (Date.now() - began) / 1_000 },
    ...(held ? { before: aside } : {}),
  });
  return held ? aside : undefined;
};

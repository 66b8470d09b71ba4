/**
 * `slipway clusters backup` and `slipway clusters backups`: a snapshot of a cluster's etcd now, and those that there are.
 *
 * Owns: asking through short workflows, since the command line has no rights in AWS, and how the answers read. Neighbours: the workflow
 * `BackupCluster` asks a replica, `ListBackups` looks into the bucket.
 */
import { referenceTo } from '../../api/object.ts';
import { ended } from '../../words/text.ts';
import { BACKUP_WORKFLOW, type Backup, type BackupList, LIST_BACKUPS_WORKFLOW } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { UserError } from '../user-error.ts';
import { table } from './table.ts';

const clusterOf = async (configuration: ClientConfiguration, name: string, namespace: string | undefined) => {
  const api = managementApi(configuration);
  return referenceTo(await api.cluster(namespace ?? api.defaultNamespace, name));
};

const UNMANNED = ' Is a worker up (npm run sandbox -- status)?';

/** Has a snapshot taken, and waits until it is kept and checked. */
export const backUpCluster = async (
  configuration: ClientConfiguration,
  name: string,
  namespace: string | undefined,
  onProgress: (sentence: string) => void,
): Promise<Backup> => {
  const object = await clusterOf(configuration, name, namespace);
  const { runBriefly } = await import('../temporal.ts');
  return runBriefly<Backup>(configuration, {
    type: BACKUP_WORKFLOW,
    id: `backup/${object.namespace}/${object.name}`,
    args: [object],
    summary: `Snapshot of ${object.namespace}/${object.name}`,
    deadline: '45 minutes',
    onProgress,
    failed: (why, unmanned) =>
      `No snapshot of cluster ${object.namespace}/${object.name} was taken: ${ended(why)}${unmanned ? UNMANNED : ''}`,
  });
};

/** Whose snapshots: a cluster by its name, or by its id, of which there may be no object any more. */
export type WhoseBackups = { readonly name?: string; readonly namespace?: string; readonly id?: string };

/** What the workflow is asked about, and how messages call it. */
const subjectOf = async (configuration: ClientConfiguration, { name, namespace, id }: WhoseBackups) => {
  if ((name === undefined) === (id === undefined)) {
    throw new UserError(
      'Name one cluster: slipway clusters backups <name>, or --id <cluster id> where it may be gone.',
    );
  }
  if (name === undefined) return { of: { clusterId: id ?? '' }, called: id ?? '' };
  const of = await clusterOf(configuration, name, namespace);
  return { of, called: `${of.namespace}/${of.name}` };
};

export const listBackups = async (configuration: ClientConfiguration, whose: WhoseBackups): Promise<BackupList> => {
  const { of, called } = await subjectOf(configuration, whose);
  const { runBriefly } = await import('../temporal.ts');
  return runBriefly<BackupList>(configuration, {
    type: LIST_BACKUPS_WORKFLOW,
    id: `backups/${called}`,
    args: [of],
    summary: `Snapshots of ${called}`,
    deadline: '60 s',
    failed: (why, unmanned) =>
      `Snapshots of cluster ${called} were not listed: ${ended(why)}${unmanned ? UNMANNED : ''}`,
  });
};

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];

/** `3.4 MiB` */
export const sizeText = (bytes: number): string => {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const number = bytes / 1_024 ** unit;
  return `${unit === 0 ? number : number.toFixed(1)} ${UNITS[unit]}`;
};

export const backupText = ({ key, size, revision, sha256 = '' }: Backup): string =>
  `${key}: ${sizeText(size)}, revision ${revision}, sha256 ${sha256}`;

/** To the second: people compare it with what happened. */
export const timeText = (time: string): string => time.replace(/\.\d+Z$/, 'Z');

/** What can't be relied on says why in the last column. */
export const backupTable = (backups: readonly Backup[]): string =>
  table(
    ['TIME', 'SIZE', 'REVISION', 'KUBERNETES', 'KEY', 'CHECKED'],
    backups.map(({ time, size, revision, kubernetes = '', key, problem }) => [
      timeText(time),
      sizeText(size),
      revision,
      kubernetes,
      key,
      problem === undefined ? 'yes' : `no: ${problem}`,
    ]),
  );

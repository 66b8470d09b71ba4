/**
 * `slipway clusters list`: who is stuck, on which step, since when, on which version, backed up when; a line a cluster. Pure.
 *
 * Owns: columns and their order. Neighbours: `../stuck.ts` says what is stuck; `describe.ts` tells the rest of one cluster.
 */
import { byUrgency, type Stuck } from '../../words/stuck.ts';
import type { StoredCluster } from '../management.ts';
import { stuckAt } from '../stuck.ts';
import { span, table } from './table.ts';

export type ListedCluster = { readonly cluster: StoredCluster; readonly stuck: Stuck | undefined };

/** What is stuck first; others as they came. As of `now` in epoch milliseconds. */
export const listedClusters = (clusters: readonly StoredCluster[], now: number): readonly ListedCluster[] =>
  clusters.map((cluster) => ({ cluster, stuck: stuckAt(cluster, now) })).sort((a, b) => byUrgency(a.stuck, b.stuck));

const since = (time: string | number | undefined, now: number): string =>
  time === undefined ? '' : span(now - (typeof time === 'number' ? time : Date.parse(time)));

/** The step that it is at, and since when: the one that is stuck, one that runs, or a soak. */
const placeOf = ({ cluster: { status = {} }, stuck }: ListedCluster, now: number): readonly [string, string] => {
  if (stuck !== undefined) return [stuck.step ?? '', since(stuck.since, now)];
  const { lastOperation: operation, upgrade } = status;
  if (operation?.state === 'running') {
    const [first = { step: operation.type, since: operation.startedAt }] = operation.steps ?? [];
    return [first.step ?? '', since(first.since, now)];
  }
  return upgrade?.phase === 'Soaking' ? ['soak', since(upgrade.soakingSince, now)] : ['', ''];
};

type Upgrade = NonNullable<NonNullable<StoredCluster['status']>['upgrade']>;

const wayOf = ({ from = '?', to = '?', phase }: Upgrade): string =>
  phase === 'Returning' ? `${to} -> ${from}` : `${from} -> ${to}`;

/** What runs, and what it is on its way to. A control plane that is not there yet runs nothing. */
const versionOf = ({ spec, status = {} }: StoredCluster): string => {
  if (status.upgrade !== undefined) return wayOf(status.upgrade);
  const asked = spec?.controlPlane?.version;
  const runs = status.established === true ? status.revision?.version : undefined;
  return [runs, ...(asked === undefined || asked === runs ? [] : ['->', asked])].filter(Boolean).join(' ');
};

/** How old the newest snapshot that is whole is, and what is wrong with backups. */
const backupOf = ({ status }: StoredCluster, now: number): string => {
  const last = status?.backup?.lastSuccess?.time;
  const failing = status?.conditions?.find(({ type, status: truth }) => type === 'BackupFailing' && truth === 'True');
  const age = last === undefined ? 'never' : since(last, now);
  return failing === undefined ? age : `${age} (${failing.reason ?? 'failing'})`;
};

const HEADER = ['NAMESPACE', 'NAME', 'STATE', 'STUCK', 'STEP', 'SINCE', 'VERSION', 'BACKUP'];
const WIDE = ['AGE', 'ID', 'ENDPOINT'];

const wideCells = ({ metadata, status }: StoredCluster, now: number): readonly string[] => [
  since(metadata.creationTimestamp, now),
  status?.clusterID ?? '',
  status?.endpoint ?? '',
];

/** The table, as of `now` in epoch milliseconds. */
export const clusterTable = (listed: readonly ListedCluster[], now: number, wide = false): string =>
  table(
    wide ? [...HEADER, ...WIDE] : HEADER,
    listed.map((one) => {
      const { metadata, status } = one.cluster;
      return [
        metadata.namespace,
        metadata.name,
        status?.state ?? 'Pending',
        one.stuck?.reason ?? '',
        ...placeOf(one, now),
        versionOf(one.cluster),
        backupOf(one.cluster, now),
        ...(wide ? wideCells(one.cluster, now) : []),
      ];
    }),
  );

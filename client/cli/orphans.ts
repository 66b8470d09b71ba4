/**
 * `slipway orphans`: what carries Slipway's tags where a worker looks, and belongs to no object of its management API.
 *
 * Owns: asking through a short workflow, since the command line has no rights in AWS, and how the answer reads. Neighbours: the
 * workflow `ListOrphans` looks, `policy/orphans.ts` judges.
 */
import { ended } from '../../words/text.ts';
import {
  LIST_ORPHANS_WORKFLOW,
  type OperationResult,
  type OrphanedCluster,
  type OrphanList,
  type OrphanRemoval,
  REMOVE_ORPHANS_WORKFLOW,
} from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { UserError } from '../user-error.ts';
import { span, table } from './table.ts';

const UNMANNED = ' Is a worker up (npm run sandbox -- status)?';

export const listOrphans = async (configuration: ClientConfiguration): Promise<OrphanList> => {
  const { runBriefly } = await import('../temporal.ts');
  return runBriefly<OrphanList>(configuration, {
    type: LIST_ORPHANS_WORKFLOW,
    id: 'orphans',
    args: [],
    summary: 'What belongs to no object',
    deadline: '60 s',
    failed: (why, unmanned) => `Orphans were not listed: ${ended(why)}${unmanned ? UNMANNED : ''}`,
  });
};

const whose = ({ clusterId, madeFor, adopters, snapshots }: OrphanedCluster): readonly string[] => {
  const made = madeFor.length === 0 ? 'nothing says for which object it was made' : `made for ${madeFor.join(', ')}`;
  const adopted =
    adopters.length === 0 ? '' : `; adopted by ${adopters.join(', ')}, which is no object of this management API`;
  return [`${clusterId}: ${made}${adopted}`, ...(snapshots === undefined ? [] : [`  ${snapshots}`])];
};

/** A line a thing, and then a line a cluster; as of `now` in epoch milliseconds. */
export const orphanLines = ({ clusters }: OrphanList, now: number): readonly string[] => [
  table(
    ['CLUSTER', 'KIND', 'ID', 'AGE', 'BILLED', 'KEY'],
    clusters.flatMap(({ things }) =>
      things.map(({ clusterId, kind, id, since, billed, key = '' }) => [
        clusterId,
        kind,
        id,
        since === undefined ? '' : span(now - Date.parse(since)),
        billed,
        key,
      ]),
    ),
  ),
  '',
  ...clusters.flatMap(whose),
];

export const noOrphans = ({ account, regions }: OrphanList, clusterId?: string): string =>
  `${clusterId === undefined ? "Everything of Slipway's" : `Everything of cluster ${clusterId}`} in account ${account}, ${regions.join(', ')}, belongs to an object.`;

/** Only what is of that cluster. */
export const ofCluster = (list: OrphanList, clusterId: string | undefined): OrphanList =>
  clusterId === undefined ? list : { ...list, clusters: list.clusters.filter((one) => one.clusterId === clusterId) };

/** What of the list a person means who names a thing, or a cluster. */
export const meantIn = (
  list: OrphanList,
  named: { readonly id?: string; readonly clusterId?: string },
): OrphanRemoval => {
  const { id, clusterId } = named;
  if (id === undefined && clusterId === undefined) {
    throw new UserError(
      'Name what is to go: slipway orphans --remove <id>, or --cluster <cluster id> --remove for all of a cluster.',
    );
  }
  const cluster = ofCluster(list, clusterId).clusters.find(
    ({ things }) => id === undefined || things.some((one) => one.id === id),
  );
  if (cluster === undefined) {
    throw new UserError(`${id ?? clusterId} is not among what belongs to no object: slipway orphans lists that.`);
  }
  return { clusterId: cluster.clusterId, ...(id === undefined ? {} : { id }) };
};

/** A deletion, waited for to its end. */
export const removeOrphans = async (
  configuration: ClientConfiguration,
  removal: OrphanRemoval,
  onProgress: (sentence: string) => void,
): Promise<OperationResult> => {
  const { clusterId, id } = removal;
  const what = id === undefined ? `cluster ${clusterId}` : `${id} of cluster ${clusterId}`;
  const { runBriefly } = await import('../temporal.ts');
  const result = await runBriefly<OperationResult>(configuration, {
    type: REMOVE_ORPHANS_WORKFLOW,
    id: `orphans/${clusterId}`,
    args: [removal],
    summary: `Removal of ${what}`,
    deadline: '45 minutes',
    onProgress,
    failed: (why, unmanned) => `What is left of ${what} was not removed: ${ended(why)}${unmanned ? UNMANNED : ''}`,
  });
  if (result.state === 'succeeded') return result;
  throw new UserError(
    `The removal of ${what} ended as ${result.state}${result.reason === undefined ? '.' : `: ${ended(result.reason)}`} What is left is listed by slipway orphans.`,
  );
};

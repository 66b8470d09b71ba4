/**
 * `slipway clusters update --revision`: asks for the add-ons of a newer revision of the cluster's version.
 *
 * Owns: which number may be asked for, and that asking is an annotation: it needs no worker, acts once, and means the same however
 * often it is said. Neighbours: `policy/addon-revision.ts` judges what the annotation asks for by the worker's own catalogue, which is
 * what counts; here a mistake is refused before it is written. Invariants: I6 (nothing but this brings a newer revision).
 */
import { REVISION_ANNOTATION } from '../../api/names.ts';
import { RELEASES, type Release, revisionsOf } from '../../api/releases.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi, type StoredCluster } from '../management.ts';
import { SLIPWAY, UserError } from '../user-error.ts';

export type Update = {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly runs: number;
  readonly asked: number;
};

/** What an update would ask for; `asked` is what runs where nothing is newer. Throws a `UserError` where it can't be had. */
export const updateOf = (
  cluster: StoredCluster,
  wanted: number | undefined,
  catalogue: readonly Release[] = RELEASES,
): Update => {
  const { namespace, name, deletionTimestamp } = cluster.metadata;
  const what = `AWSCluster ${namespace}/${name}`;
  const { version, number: runs = 1 } = cluster.status?.revision ?? {};
  if (deletionTimestamp !== undefined)
    throw new UserError(`${what} is being deleted: nothing is brought to it any more.`);
  if (version === undefined) {
    throw new UserError(
      `${what} runs no revision yet: it is created with the newest. See ${SLIPWAY} clusters describe ${name} -n ${namespace}.`,
    );
  }
  const known = revisionsOf(version, catalogue).map(({ revision }) => revision);
  const asked = wanted ?? Math.max(runs, ...known);
  if (asked < runs) {
    throw new UserError(
      `${what} runs revision ${runs} of ${version}, and ${asked} is older: revisions are never taken back. Ask for a newer one (this release knows ${known.join(', ')}).`,
    );
  }
  if (asked !== runs && !known.includes(asked)) {
    throw new UserError(
      `This release of Slipway knows no revision ${asked} of ${version}, but ${known.join(', ') || 'none'}; ${what} runs ${runs}. Ask for one of these, or install a release that has ${asked}.`,
    );
  }
  return { namespace, name, version, runs, asked };
};

/** Asks for it, unless it runs already. */
export const updateCluster = async (
  configuration: ClientConfiguration,
  name: string,
  options: { readonly namespace?: string; readonly revision?: number },
): Promise<Update> => {
  const api = managementApi(configuration);
  const update = updateOf(await api.cluster(options.namespace ?? api.defaultNamespace, name), options.revision);
  if (update.asked === update.runs) return update;
  await api.annotate('AWSCluster', update.namespace, name, { [REVISION_ANNOTATION]: String(update.asked) });
  return update;
};

export const updateText = ({ namespace, name, version, runs, asked }: Update): string =>
  asked === runs
    ? `awscluster/${name}: runs revision ${runs} of ${version}, which is what was asked for.`
    : `awscluster/${name}: revision ${asked} of ${version} is asked for, and ${runs} runs. Its add-ons come with an UpdateCluster: ${SLIPWAY} clusters describe ${name} -n ${namespace}`;

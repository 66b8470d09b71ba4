/**
 * `slipway clusters update --revision`: asks for the add-ons of a newer revision of the cluster's version.
 *
 * Owns: which number may be asked for, and that asking is an annotation: it needs no worker, acts once, and means the same however
 * often it is said. Neighbours: `policy/addon-revision.ts` judges what the annotation asks for by the worker's own catalogue, which is
 * what counts; here a mistake is refused before it is written. Invariants: I6 (nothing but this brings a newer revision).
 */
import { REVISION_ANNOTATION } from '../../api/names.ts';
import { RELEASES, type Release, revisionsOf } from '../../api/releases.ts';
import { present } from '../../words/present.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi, type StoredCluster } from '../management.ts';
import { SLIPWAY, UserError } from '../user-error.ts';

export type Update = {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly runs: number;
  readonly asked: number;
  /** The newest that this release of Slipway knows; absent where it knows none. */
  readonly newest?: number;
};

type Asking = { readonly version: string; readonly runs: number; readonly asked: number };

/** Why a revision can't be had, with what can, after the cluster's name; undefined where it can. `known`: of the version. */
const problemWith = ({ version, runs, asked }: Asking, known: readonly number[]): string | undefined => {
  const is = `runs revision ${runs} of ${version}`;
  if (asked < runs) {
    const newer = known.filter((one) => one > runs).join(', ') || 'none';
    return `${is}, and ${asked} is older: revisions are never taken back. Ask for a newer one: this release of Slipway knows ${newer}.`;
  }
  if (asked === runs || known.includes(asked)) return undefined;
  return known.length === 0
    ? `${is}, and this release of Slipway knows no revision of it any more: install one that has revision ${asked}.`
    : `${is}, and this release of Slipway knows no revision ${asked} of it, but ${known.join(', ')}. Ask for one of these, or install a release that has ${asked}.`;
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
  const newest = known.length === 0 ? undefined : Math.max(...known);
  const asked = wanted ?? Math.max(runs, ...known);
  const problem = problemWith({ version, runs, asked }, known);
  if (problem !== undefined) throw new UserError(`${what} ${problem}`);
  return { namespace, name, version, runs, asked, ...present({ newest }) };
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

const noNews = ({ runs, newest }: Update): string => {
  if (newest === undefined) return 'of which this release of Slipway knows none any more';
  return newest > runs
    ? `as was asked for, and ${newest} is the newest`
    : 'and this release of Slipway knows none newer';
};

export const updateText = (update: Update): string => {
  const { namespace, name, version, runs, asked } = update;
  return asked === runs
    ? `awscluster/${name}: runs revision ${runs} of ${version}, ${noNews(update)}. Nothing was changed.`
    : `awscluster/${name}: revision ${asked} of ${version} is asked for, and ${runs} runs. Its add-ons come with an UpdateCluster: ${SLIPWAY} clusters describe ${name} -n ${namespace}`;
};

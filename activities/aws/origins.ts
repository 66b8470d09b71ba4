/**
 * Origins: what the machines of an established control plane were launched from.
 *
 * Owns: when that is asked at all: only of a machine that was made from another version than the newest of its template, or from a
 * template that is gone, since what the newest version says is in every inventory. Neighbours: `inventory.ts` and `survey.ts` add it to
 * what they observed; `policy/replica-origins.ts` judges by it, and `attached.ts` reads what such machines are told to attach.
 * Invariant: I12 (a version that could not be read makes the whole look fail; one that is gone says nothing of itself).
 */
import type { LaunchedFrom } from '../../kinds/auto-scaling-group.ts';
import type { Fingerprints } from '../../kinds/launch-template.ts';
import { type Found, type FoundOf, observedState } from '../../kinds/resource.ts';
import { REPLICAS } from '../../topology/values.ts';
import { ESTABLISHED, replicaGroupKey } from '../../words/keys.ts';
import { versionName } from './launch-template-marks.ts';

/** What versions of templates say of themselves, by their names: `fingerprintsOf`, remembered or not. */
export type ReadFingerprints = (
  versions: readonly LaunchedFrom[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, Fingerprints>>;

const GROUPS: ReadonlySet<string> = new Set(REPLICAS.map(replicaGroupKey));

const isReplicaGroup = (found: Found): found is FoundOf<'auto-scaling-group'> =>
  found.kind === 'auto-scaling-group' && GROUPS.has(found.key);

/** Those that the group's machines were made from; where it has none, what it launches from. */
const launchedFrom = (group: FoundOf<'auto-scaling-group'>): readonly LaunchedFrom[] => {
  const { instances = [], launchTemplateId, launchTemplateVersion } = observedState('auto-scaling-group', group);
  const launches = { templateId: launchTemplateId, templateVersion: launchTemplateVersion };
  return instances.length > 0 ? instances : [launches];
};

const newestIn = (found: readonly Found[]): ReadonlySet<string> =>
  new Set(
    found.flatMap(({ kind, outputs: { id = '', version = '' } }) =>
      kind === 'launch-template' ? [versionName({ templateId: id, templateVersion: version })] : [],
    ),
  );

const withFingerprints = (
  group: FoundOf<'auto-scaling-group'>,
  fingerprints: ReadonlyMap<string, Fingerprints>,
): Found => {
  const state = observedState('auto-scaling-group', group);
  const { instances = [], launchTemplateId, launchTemplateVersion } = state;
  const launches = fingerprints.get(
    versionName({ templateId: launchTemplateId, templateVersion: launchTemplateVersion }),
  );
  const made = instances.map((instance) => {
    const madeOf = fingerprints.get(versionName(instance));
    return madeOf === undefined ? instance : { ...instance, madeOf };
  });
  return {
    ...group,
    state: {
      ...state,
      ...(state.instances === undefined ? {} : { instances: made }),
      ...(launches === undefined || instances.length > 0 ? {} : { launches }),
    },
  };
};

/** The same inventory, with what machines of the control plane were made of where they are not of the newest version. */
export const withOrigins = async (
  read: ReadFingerprints,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<readonly Found[]> => {
  if (!found.some(({ key }) => key === ESTABLISHED)) return found;
  const newest = newestIn(found);
  const others = found
    .filter(isReplicaGroup)
    .flatMap(launchedFrom)
    .filter((version) => !newest.has(versionName(version)));
  if (others.length === 0) return found;
  const fingerprints = await read(others, signal);
  return found.map((one) => (isReplicaGroup(one) ? withFingerprints(one, fingerprints) : one));
};

/**
 * Specific conditions: what is to be said about an object beside Ready, Reconciling and Stalled.
 *
 * Owns: FieldsWithoutEffect, ChangesPending, Drifted, RevisionAvailable and RevisionRefused; each is there only while it has something
 * to say, and none of them ever makes a plan. Neighbours: `status.ts` adds the three of kstatus, `node-counts.ts` words
 * NodesUnknown, `inside.ts` AddonsUnknown and StorageDriverMissing, `upgrade-insights.ts` UpgradeInsights, `backup-status.ts` BackupFailing,
 * `certificates.ts` CertificatesExpiring; a sweep asks here what an object should say by now. Pure. Invariants: I6 (a newer revision is announced, never brought).
 */
import { isDeepStrictEqual } from 'node:util';
import {
  clusterFieldsWithoutEffect,
  describeWithoutEffect,
  type FieldWithoutEffect,
  nodePoolFieldsWithoutEffect,
} from '../api/effects.ts';
import { isDeleting } from '../api/object.ts';
import { type Release, releaseOf } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';
import { operationsCommand, revisionCommand } from '../words/commands.ts';
import { shortened } from '../words/text.ts';
import { askedRevision } from './addon-revision.ts';
import { BACKUP_FAILING, backupFailing } from './backup-status.ts';
import { CERTIFICATES_EXPIRING, certificatesExpiring } from './certificates.ts';
import { type Claim, conditionOf, cut } from './conditions.ts';
import { ADDONS_UNKNOWN, addonsUnknown, STORAGE_DRIVER_MISSING, storageDriverMissing } from './inside.ts';
import { RETURNS } from './mending.ts';
import { NODES_UNKNOWN, nodesUnknown } from './node-counts.ts';
import { newerRevision, revisionOf } from './revision.ts';
import { HELD_BACK } from './update-windows.ts';
import { UPGRADE_INSIGHTS, upgradeInsights } from './upgrade-insights.ts';
import type { Mending, StoredObject, Subject } from './views.ts';

const withoutEffect = (object: StoredObject): readonly FieldWithoutEffect[] =>
  object.kind === 'AWSCluster' ? clusterFieldsWithoutEffect(object.spec) : nodePoolFieldsWithoutEffect(object.spec);

const fieldsWithoutEffect = (object: StoredObject): Claim | undefined => {
  const fields = withoutEffect(object);
  return fields.length === 0
    ? undefined
    : { status: 'True', reason: 'NotImplemented', message: cut(describeWithoutEffect(fields)) };
};

/** A sweep that repeats what status says, machines unseen, says it for the same reason. */
const pendingReason = (subject: Subject, object: StoredObject, message: string): string => {
  if (subject.kind === 'settled' && subject.heldBack !== undefined) return HELD_BACK[subject.heldBack.until];
  const before = conditionOf(object, 'ChangesPending');
  return before?.message === message ? before.reason : 'RolloutNeeded';
};

const changesPending = (subject: Subject, object: StoredObject): Claim | undefined => {
  if (subject.kind !== 'settled' || subject.note === undefined) return undefined;
  const message = cut(subject.note);
  return { status: 'True', reason: pendingReason(subject, object, message), message };
};

/** The command comes after it, and what differs before. */
const LONGEST = 400;

/** Why what is mended unasked was not, where it came back too soon or too often. */
const whyNotMended = ({ returns, again }: Mending, { status }: StoredObject): string => {
  const counts = returns.flatMap((key) => {
    const { times, lastTime } = status?.mended?.find(({ resource }) => resource === key) ?? {};
    return times === undefined ? [] : [`${key} (${times} times, last at ${lastTime})`];
  });
  const sentences = [
    ...(counts.length === 0
      ? []
      : [
          ` Mended, and changed again each time: ${shortened(counts.join(', '), LONGEST)}; find out who does that, it is mended no more by itself.`,
        ]),
    ...(again === undefined
      ? []
      : [` Changed again after it was mended: the next time that is done by itself is ${again}.`]),
  ];
  return sentences.join('');
};

/** What differs, and the command that has it mended: Slipway leaves what others did alone until it is asked, by a person or by the spec. */
export const drifted = (
  { drift = [], mending }: Pick<Extract<Subject, { kind: 'settled' }>, 'drift' | 'mending'>,
  object: StoredObject,
): Claim | undefined => {
  if (drift.length === 0) return undefined;
  const { namespace, name } = object.metadata;
  const command = operationsCommand('retry', { kind: object.kind, namespace, name });
  const list = drift.map(({ key, difference }) => `${key}: ${difference}`).join('; ');
  const mend = `${mending === undefined ? '' : whyNotMended(mending, object)} To have it mended: ${command}`;
  const reason = mending !== undefined && mending.returns.length > 0 ? RETURNS : 'DiffersFromSpec';
  return { status: 'True', reason, message: `${cut(list, mend.length)}.${mend}` };
};

/** What a newer Slipway would make the object of, had it been made today. */
export const revisionAvailable = (
  object: StoredObject,
  pinned: Revision | undefined,
  releases: typeof releaseOf = releaseOf,
): Claim | undefined => {
  const newest = pinned === undefined ? undefined : releases(pinned.version);
  if (pinned === undefined || newest === undefined) return undefined;
  const { kind, metadata } = object;
  const all = newerRevision(kind, pinned, newest);
  if (all.length === 0) return undefined;
  const [runs, number] = [pinned.number ?? 1, newest.revision];
  const offer = `This release of Slipway has revision ${number} of ${pinned.version}, and revision ${runs} runs: ${all.join(', ')}. What runs stays as it is`;
  const message =
    kind === 'AWSCluster' && number > runs && hasOtherAddons(pinned, newest)
      ? `${offer} until its add-ons are asked for: ${revisionCommand(metadata, number)}. What machines run comes with the next change of version.`
      : `${offer}; the newer one comes with the next change of version.`;
  return { status: 'True', reason: 'NewerComponents', message: cut(message) };
};

/** Whether a revision has anything that can be brought without another machine. */
const hasOtherAddons = (pinned: Revision, newest: Release): boolean =>
  newest.rendering !== (pinned.rendering ?? 1) ||
  (pinned.addons !== undefined && !isDeepStrictEqual(pinned.addons, revisionOf(newest).addons));

/** A revision was asked for that can't be had. */
const revisionRefused = (object: StoredObject): Claim | undefined => {
  const asked = askedRevision(object);
  return asked.kind === 'refused' ? { status: 'True', reason: asked.reason, message: cut(asked.message) } : undefined;
};

/** The specific conditions of an object, by type; `pinned` is the revision that its status will have. */
export const specificClaims = (
  subject: Subject,
  object: StoredObject,
  pinned: Revision | undefined,
): Readonly<Record<string, Claim>> => {
  const claims: readonly (readonly [string, Claim | undefined])[] = [
    ['FieldsWithoutEffect', fieldsWithoutEffect(object)],
    ['ChangesPending', changesPending(subject, object)],
    ['Drifted', drifted(subject.kind === 'settled' ? subject : {}, object)],
    [NODES_UNKNOWN, nodesUnknown(subject, object)],
    ...(isDeleting(object)
      ? []
      : ([
          ['RevisionAvailable', revisionAvailable(object, pinned)],
          ['RevisionRefused', revisionRefused(object)],
          [ADDONS_UNKNOWN, addonsUnknown(subject, object)],
          [UPGRADE_INSIGHTS, upgradeInsights(subject, object, pinned)],
          [STORAGE_DRIVER_MISSING, storageDriverMissing(subject, object)],
          [BACKUP_FAILING, backupFailing(subject, object)],
          [CERTIFICATES_EXPIRING, certificatesExpiring(subject, object)],
        ] as const)),
  ];
  return Object.fromEntries(claims.flatMap(([type, claim]) => (claim === undefined ? [] : [[type, claim]])));
};

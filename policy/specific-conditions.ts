/**
 * Specific conditions: what is to be said about an object beside Ready, Reconciling and Stalled.
 *
 * Owns: FieldsWithoutEffect, ChangesPending, Drifted and RevisionAvailable; each is there only while it has something to
 * say, and none of them ever makes a plan. Neighbours: `status.ts` adds the three of kstatus, `node-counts.ts` words
 * NodesUnknown; a sweep asks here what an object should say by now. Pure. Invariants: I6 (a newer revision is announced, never brought).
 */
import type { AWSCluster } from '../api/cluster.ts';
import {
  clusterFieldsWithoutEffect,
  describeWithoutEffect,
  type FieldWithoutEffect,
  nodePoolFieldsWithoutEffect,
} from '../api/effects.ts';
import type { AWSNodePool } from '../api/nodepool.ts';
import { releaseOf } from '../api/releases.ts';
import type { Revision } from '../api/status.ts';
import { operationsCommand } from '../words/commands.ts';
import { type Claim, cut } from './conditions.ts';
import { NODES_UNKNOWN, nodesUnknown } from './node-counts.ts';
import { newerRevision } from './revision.ts';
import type { Drift, MirrorRequest } from './views.ts';

type StoredObject = AWSCluster | AWSNodePool;

const withoutEffect = (object: StoredObject): readonly FieldWithoutEffect[] =>
  object.kind === 'AWSCluster' ? clusterFieldsWithoutEffect(object.spec) : nodePoolFieldsWithoutEffect(object.spec);

const fieldsWithoutEffect = (object: StoredObject): Claim | undefined => {
  const fields = withoutEffect(object);
  return fields.length === 0
    ? undefined
    : { status: 'True', reason: 'NotImplemented', message: cut(describeWithoutEffect(fields)) };
};

const changesPending = (note: string | undefined): Claim | undefined =>
  note === undefined ? undefined : { status: 'True', reason: 'RolloutNeeded', message: cut(note) };

/** What differs, and the command that has it mended: Slipway leaves what others did alone until it is asked. */
export const drifted = (drift: readonly Drift[], object: StoredObject): Claim | undefined => {
  if (drift.length === 0) return undefined;
  const { namespace, name } = object.metadata;
  const command = operationsCommand('retry', { kind: object.kind, namespace, name });
  const list = drift.map(({ key, difference }) => `${key}: ${difference}`).join('; ');
  const mend = ` To have it mended: ${command}`;
  return { status: 'True', reason: 'DiffersFromSpec', message: `${cut(list, mend.length)}.${mend}` };
};

/** What a newer Slipway would make the object of, had it been made today. */
export const revisionAvailable = (
  kind: StoredObject['kind'],
  pinned: Revision | undefined,
  releases: typeof releaseOf = releaseOf,
): Claim | undefined => {
  const differences = pinned === undefined ? [] : newerRevision(kind, pinned, releases(pinned.version));
  if (pinned === undefined || differences.length === 0) return undefined;
  const message = `This release of Slipway has a newer revision of ${pinned.version}: ${differences.join(', ')}. What runs stays as it is; the newer one comes with the next change of version.`;
  return { status: 'True', reason: 'NewerComponents', message: cut(message) };
};

/** The specific conditions of an object, by type; `pinned` is the revision that its status will have. */
export const specificClaims = (
  subject: MirrorRequest['subject'],
  object: StoredObject,
  pinned: Revision | undefined,
): Readonly<Record<string, Claim>> => {
  const going = object.metadata.deletionTimestamp !== undefined;
  const claims: readonly (readonly [string, Claim | undefined])[] = [
    ['FieldsWithoutEffect', fieldsWithoutEffect(object)],
    ['ChangesPending', changesPending(subject.kind === 'settled' ? subject.note : undefined)],
    ['Drifted', drifted(subject.kind === 'settled' ? (subject.drift ?? []) : [], object)],
    [NODES_UNKNOWN, nodesUnknown(subject, object)],
    ['RevisionAvailable', going ? undefined : revisionAvailable(object.kind, pinned)],
  ];
  return Object.fromEntries(claims.flatMap(([type, claim]) => (claim === undefined ? [] : [[type, claim]])));
};

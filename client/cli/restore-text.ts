/**
 * What `slipway clusters restore` says before anything happens: what comes back, what is lost, and what goes on meanwhile.
 *
 * Owns: the sentences. Neighbours: `restore.ts` asks and waits; `policy/restore-preview.ts` counted. Pure. Invariants: I8 (names and counts),
 * I12 (what nobody can know is said, too).
 */
import type { ObjectRef } from '../../api/object.ts';
import type { RestorePreview } from '../../workflows/messages.ts';
import { sizeText, timeText } from './backups.ts';
import { span } from './table.ts';
import { type Branch, branch, draw, leaf } from './tree.ts';

export type KnownPreview = Extract<RestorePreview, { kind: 'known' }>;
type Since = KnownPreview['since'];
type ResourceSince = Extract<Since, { kind: 'read' }>['resources'][number];

const countText = ({ count, names }: ResourceSince['created'], what: string): readonly string[] => {
  if (count === 0) return [];
  const more = count > names.length ? ', …' : '';
  return [`${count} ${what} (${names.join(', ')}${more})`];
};

const resourceText = ({ resource, created, changed }: ResourceSince): string =>
  `${resource}: ${[...countText(created, 'created'), ...countText(changed, 'changed')].join(', ')}`;

const UNREAD_SHOWN = 5;

const unreadLeaves = (notRead: Extract<Since, { kind: 'read' }>['notRead']): readonly Branch[] => [
  ...notRead.slice(0, UNREAD_SHOWN).map(({ resource, why }) => leaf(`could not be read: ${resource}: ${why}`)),
  ...(notRead.length > UNREAD_SHOWN
    ? [leaf(`could not be read: ${notRead.length - UNREAD_SHOWN} more resources`)]
    : []),
];

const lostBranch = (since: Since, time: string): Branch => {
  const lost = 'will be lost: ';
  if (since.kind === 'unread') {
    return branch(
      `${lost}everything that was written since ${time}`,
      leaf(`what that is can't be said, since the cluster's API was not read: ${since.why}`),
    );
  }
  const { resources, notRead } = since;
  const none = resources.length === 0 && notRead.length === 0;
  return branch(
    none ? `${lost}nothing that is there was created or changed since` : `${lost}what was created or changed since`,
    ...resources.map((one) => leaf(resourceText(one))),
    ...unreadLeaves(notRead),
    leaf('Events, Leases and what is only status are not counted'),
  );
};

/** `now` in epoch milliseconds. */
export const previewLines = (
  object: ObjectRef,
  { backup, passedOver, since }: KnownPreview,
  now: number,
): readonly string[] => {
  const { key, size, revision, etcd = '', kubernetes = '' } = backup;
  const time = timeText(backup.time);
  return draw(
    branch(
      `${object.kind} ${object.namespace}/${object.name}: a restore from ${key}`,
      leaf(
        `comes back: what etcd held at ${time}, ${span(now - Date.parse(backup.time))} ago: ${sizeText(size)}, revision ${revision}, of etcd ${etcd} and Kubernetes ${kubernetes}`,
      ),
      ...passedOver.map((one) => leaf(`newer, and can't be restored: ${one}`)),
      lostBranch(since, time),
      leaf("comes back, too: whatever was deleted since. What that is can't be known"),
      leaf('meanwhile: all three replicas stop, and the API is away for about a minute. Nodes run on, and their pods'),
      leaf(
        'afterwards: who watches lists anew. Machines that joined since are replaced as nodes that never came, unless they register anew',
      ),
      leaf('is kept: what etcd holds now, on each disk that is there, under etcd.before-<id of the restore>'),
    ),
  );
};

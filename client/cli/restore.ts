/**
 * `slipway clusters restore`: has a cluster's etcd begin again with what a snapshot holds, after showing what that takes away.
 *
 * Owns: asking for the preview through a short workflow, since the command line has no rights in AWS; that asking is an annotation with a fresh
 * token, which acts once; and waiting. Neighbours: the workflow `PreviewRestore` looks, `restore-text.ts` says what it saw,
 * `restore-progress.ts` reads status, `policy/restore.ts` judges the annotation. Invariants: I5 (nothing is asked for but by name).
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type ObjectRef, referenceTo } from '../../api/object.ts';
import { ownerUidOf } from '../../api/ownership.ts';
import { restoreIdOf } from '../../api/restore-id.ts';
import { present } from '../../words/present.ts';
import { RESTORE_ANNOTATION, restoreText } from '../../words/restore.ts';
import { ended } from '../../words/text.ts';
import { PREVIEW_RESTORE_WORKFLOW, type RestorePreview } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { type ManagementApi, managementApi, type StoredCluster } from '../management.ts';
import { SLIPWAY, UserError } from '../user-error.ts';
import { type AskedRestore, restoreProgress } from './restore-progress.ts';
import type { KnownPreview } from './restore-text.ts';

export type Which = { readonly name: string; readonly namespace?: string; readonly from: string };

export type Preview = { readonly object: ObjectRef } & KnownPreview;

const titleOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace}/${name}`;

const UNMANNED = ' Is a worker up (npm run sandbox -- status)?';

/** Of a snapshot that can be restored; throws where none can be, or where nobody can say. */
export const previewRestore = async (
  configuration: ClientConfiguration,
  { name, namespace, from }: Which,
): Promise<Preview> => {
  const api = managementApi(configuration);
  const object = referenceTo(await api.cluster(namespace ?? api.defaultNamespace, name));
  const nothing = `What a restore of ${titleOf(object)} from ${from} would take away is not known`;
  const { runBriefly } = await import('../temporal.ts');
  const preview = await runBriefly<RestorePreview>(configuration, {
    type: PREVIEW_RESTORE_WORKFLOW,
    id: `restore/${object.namespace}/${object.name}`,
    args: [{ object, from }],
    summary: `Preview of a restore of ${titleOf(object)} from ${from}`,
    deadline: '60 s',
    failed: (why, unmanned) => `${nothing}: ${ended(why)}${unmanned ? UNMANNED : ''}`,
  });
  if (preview.kind === 'refused') throw new UserError(`${titleOf(object)} can't be restored: ${ended(preview.reason)}`);
  if (preview.kind === 'unknown') throw new UserError(`${nothing}: ${ended(preview.reason)}`);
  return { object, ...preview };
};

export type Asked = { readonly object: ObjectRef; readonly from: string; readonly token: string } & AskedRestore;

/** One at a time: to ask for another one meanwhile would leave replicas of two. */
const refuseWhileOneRuns = ({ metadata: { namespace, name }, status }: StoredCluster): void => {
  const { type, state } = status?.lastOperation ?? {};
  if (type !== 'RestoreCluster' || (state !== 'running' && state !== 'paused')) return;
  throw new UserError(
    `AWSCluster ${namespace}/${name} is being restored already, and another restore is not asked for meanwhile: ` +
      `see ${SLIPWAY} clusters describe ${name} -n ${namespace}.`,
  );
};

/** Asks the object that the preview was of, and no other of its name. */
export const askForRestore = async (
  api: Pick<ManagementApi, 'cluster' | 'annotate'>,
  { object, backup: { key } }: Pick<Preview, 'object' | 'backup'>,
  { token, now }: { readonly token: string; readonly now: number },
): Promise<Asked> => {
  const { namespace, name, uid } = object;
  const cluster = await api.cluster(namespace, name);
  if (cluster.metadata.uid !== uid)
    throw new UserError(`${titleOf(object)} is another one by now. Nothing was asked for.`);
  refuseWhileOneRuns(cluster);
  const request = restoreText(key, token);
  await api.annotate('AWSCluster', namespace, name, { [RESTORE_ANNOTATION]: request });
  const before = cluster.status?.lastOperation?.runID;
  return { object, from: key, token, id: restoreIdOf(ownerUidOf(cluster), request), at: now, ...present({ before }) };
};

export const freshToken = (): string => randomBytes(4).toString('hex');

type Waiting = {
  readonly api: Pick<ManagementApi, 'cluster'>;
  /** Hears how far it is, each sentence once. */
  readonly onProgress: (sentence: string) => void;
  readonly now?: () => number;
  readonly pause?: () => Promise<unknown>;
};

const AGAIN_MS = 1_500;

/** Until it is done; throws where it was aborted, or waits for a person. Whoever ends the command ends no restore. */
export const awaitRestore = async (asked: Asked, waiting: Waiting): Promise<void> => {
  const { api, onProgress, now = Date.now, pause = () => setTimeout(AGAIN_MS) } = waiting;
  const { namespace, name } = asked.object;
  for (let said = ''; ; await pause()) {
    const progress = restoreProgress(await api.cluster(namespace, name), asked, now());
    if (progress.kind === 'done') return;
    if (progress.kind === 'stopped') {
      throw new UserError(
        `${titleOf(asked.object)} is not restored from ${asked.from}. ${ended(progress.why)} See ${SLIPWAY} clusters describe ${name} -n ${namespace}.`,
      );
    }
    if (progress.says !== said) onProgress(progress.says);
    said = progress.says;
  }
};

export const askedText = ({ object: { namespace, name }, from, id }: Asked): string =>
  `awscluster/${name}: a restore from ${from} is asked for, as ${id}: ${SLIPWAY} clusters describe ${name} -n ${namespace}`;

export const restoredText = ({ object: { name }, from, id, at }: Asked, now: number): string =>
  `awscluster/${name}: restored from ${from} in ${Math.round((now - at) / 1_000)} s; what etcd held before is on each disk under etcd.before-${id}`;

/**
 * Secrets of a cluster in the management API: made once, kept, found again, never overwritten.
 *
 * Owns: the Secret objects. Neighbours: `secret-marks.ts` has the labels and annotations by which they are known as ours,
 * `secret-content.ts` makes what they hold.
 * Invariants: I4 (only a Secret that carries our uid and key is adopted or removed), I5 (an established cluster never gets
 * a second authority: its replicas trust only the first), I8.
 */

import { type KubernetesObject } from '../../api/kubernetes-object.ts';
import { type FoundOf, isIrreplaceable, observed } from '../../kinds/resource.ts';
import type { Outputs } from '../../kinds/row.ts';
import type { SecretContent } from '../../kinds/secret.ts';
import type { Cancellation, KubernetesClient } from '../../kubernetes/client.ts';
import { isConflict } from '../../kubernetes/errors.ts';
import { describeName, type ObjectName } from '../../kubernetes/resources.ts';
import type { SecretData } from '../../machine/envelope.ts';
import type { Candidate, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import { unlessItEnds } from './namespace.ts';
import { findObject } from './objects.ts';
import { createContent, defectOf, FORMS, outputsOf } from './secret-content.ts';
import { annotationsOf, belongsToByMarks, encoded, keyMarked, labelsOf, uidMarked } from './secret-marks.ts';

export const secretName = (namespace: string, name: string): ObjectName => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace,
  name,
});

const dataOf = (secret: KubernetesObject): SecretData =>
  Object.fromEntries(
    Object.entries((secret['data'] ?? {}) as Readonly<Record<string, string>>).map(([entry, value]) => [
      entry,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  );

/** The content of a cluster's Secret, for those who sign with it or seal it. Missing or damaged ones are `blocked`. */
export const readSecret = async (
  management: KubernetesClient,
  name: { readonly namespace: string; readonly name: string },
  type: SecretContent['type'],
  options?: Cancellation,
): Promise<SecretData> => {
  const object = secretName(name.namespace, name.name);
  const secret = await management.find(object, options);
  if (secret === null) {
    throw blockedError(`${describeName(object)} is missing: restore it from a backup of the management API.`);
  }
  return usable(secret, type);
};

const usable = (secret: KubernetesObject, type: SecretContent['type']): SecretData => {
  const data = dataOf(secret);
  const defect = defectOf(type, data);
  if (defect === undefined) return data;
  const { namespace = '', name } = secret.metadata;
  throw blockedError(
    `${describeName(secretName(namespace, name))} is damaged: ${defect}. Restore it from a backup of the management API.`,
  );
};

const typeOf = (secret: KubernetesObject): SecretContent['type'] | undefined => {
  const data = dataOf(secret);
  const types = Object.keys(FORMS) as SecretContent['type'][];
  return types.find(
    (one) => FORMS[one].type === secret['type'] && FORMS[one].entries.every((entry) => Object.hasOwn(data, entry)),
  );
};

/** What the rest of a plan may know of a Secret; its form is told by what it holds. */
const outputsIn = (secret: KubernetesObject): Outputs => {
  const { name } = secret.metadata;
  const type = typeOf(secret);
  return type === undefined ? { name } : outputsOf(name, type, dataOf(secret));
};

const candidateOf = (wanted: Sought<'secret'>, secret: KubernetesObject): Candidate<'secret'> => {
  const { namespace } = wanted.object;
  const { name } = wanted.properties;
  const label = describeName(secretName(namespace, name));
  const uid = uidMarked(secret);
  const belongsTo = belongsToByMarks(secret, wanted);
  return {
    key: wanted.key,
    // Removal looks here, too, and needs no usable content: `update` sees to that.
    outputs: belongsTo === 'ours' ? outputsIn(secret) : {},
    state: {},
    label,
    ...(uid === undefined ? {} : { uid }),
    belongsTo,
  };
};

const refuseIfEstablished = async (management: KubernetesClient, wanted: Wanted<'secret'>): Promise<void> => {
  if (wanted.object.kind !== 'AWSCluster' || !isIrreplaceable({ kind: 'secret', properties: wanted.properties }))
    return;
  const cluster = await findObject(management, wanted.object, { signal: wanted.signal });
  const status = cluster?.['status'] as { readonly established?: boolean } | undefined;
  if (status?.established !== true) return;
  const { namespace } = wanted.object;
  throw blockedError(
    `${describeName(secretName(namespace, wanted.properties.name))} is missing, and cluster ${wanted.owner.clusterId} is established: its machines ` +
      'trust only the keys that were in it, so no new ones are made. Restore it from a backup of the management API.',
  );
};

/** A Secret of a cluster as an inventory names it. */
export const foundSecret = (secret: KubernetesObject): FoundOf<'secret'> => {
  const uid = uidMarked(secret);
  return observed('secret', keyMarked(secret) ?? '', outputsIn(secret), {}, uid === undefined ? {} : { uid });
};

const candidatesOf = async (
  management: KubernetesClient,
  wanted: Sought<'secret'>,
): Promise<readonly Candidate<'secret'>[]> => {
  const name = secretName(wanted.object.namespace, wanted.properties.name);
  const secret = await management.find(name, { signal: wanted.signal });
  return secret === null ? [] : [candidateOf(wanted, secret)];
};

export const secretDriver = (management: KubernetesClient): ResourceDriver<'secret'> => ({
  kind: 'secret',

  candidates: (wanted) => candidatesOf(management, wanted),

  leaving: (wanted) =>
    unlessItEnds(
      management,
      wanted.object.namespace,
      { look: () => candidatesOf(management, wanted), gone: [] },
      { signal: wanted.signal },
    ),

  create: async (wanted) => {
    await refuseIfEstablished(management, wanted);
    const { namespace } = wanted.object;
    const { name, content } = wanted.properties;
    const data = await createContent(content, wanted.owner.clusterId);
    await management.create({
      apiVersion: 'v1',
      kind: 'Secret',
      type: FORMS[content.type].type,
      metadata: {
        name,
        namespace,
        labels: labelsOf(wanted),
        annotations: annotationsOf(wanted),
      },
      // Nothing may change it by accident: machines hold copies that would no longer match.
      immutable: true,
      data: encoded(data),
    });
    return { outputs: outputsOf(name, content.type, data) };
  },

  // Never rotated here: what exists is what machines were given. Damage is a person's to repair.
  update: async (wanted) => {
    const { content, name } = wanted.properties;
    const { namespace } = wanted.object;
    const data = await readSecret(management, { namespace, name }, content.type, { signal: wanted.signal });
    return { outputs: outputsOf(name, content.type, data) };
  },

  remove: async (wanted) => {
    const { namespace } = wanted.object;
    const name = secretName(namespace, wanted.properties.name);
    const secret = await unlessItEnds(management, namespace, { look: () => management.find(name), gone: null });
    if (secret === null || candidateOf(wanted, secret).belongsTo !== 'ours') return;
    try {
      await management.remove(name, secret.metadata.uid);
    } catch (error) {
      // Another Secret took its place in between: that one isn't ours to remove (I4).
      if (!isConflict(error)) throw error;
    }
  },
});

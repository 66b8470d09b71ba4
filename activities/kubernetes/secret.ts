/**
 * Secrets of a cluster in the management API: made once, kept, found again, never overwritten.
 *
 * Owns: the Secret objects, their labels and annotations, by which they are known as ours. Neighbours:
 * `secret-content.ts` makes what they hold.
 * Invariants: I4 (only a Secret that carries our uid and key is adopted or removed), I5 (an established cluster never gets
 * a second authority: its replicas trust only the first), I8.
 */
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../api/names.ts';
import type { SecretData } from '../../machine/envelope.ts';
import { observed } from '../../policy/observed.ts';
import type { Found } from '../../policy/plan.ts';
import type { Outputs, SecretContent } from '../../topology/resource.ts';
import type { Candidate, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';
import type { Cancellation, KubernetesClient } from './client.ts';
import { isConflict } from './errors.ts';
import { findObject } from './objects.ts';
import { describeName, type KubernetesObject, type ObjectName } from './resources.ts';
import { createContent, defectOf, FORMS, outputsOf } from './secret-content.ts';

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

const candidateOf = (wanted: Wanted<'secret'>, secret: KubernetesObject): Candidate => {
  const { namespace, name, content } = wanted.properties;
  const label = describeName(secretName(namespace, name));
  const uid = secret.metadata.annotations?.[UID_TAG];
  const key = secret.metadata.annotations?.[KEY_TAG];
  const ours = uid === wanted.owner.uid && key === wanted.key;
  // Removal looks here, too, and needs no usable content: `update` sees to that.
  const outputs: Outputs = ours ? outputsOf(name, content.type, dataOf(secret)) : {};
  return {
    key: wanted.key,
    outputs,
    state: {},
    label,
    ...(uid === undefined ? {} : { uid }),
    belongsTo: ours
      ? 'ours'
      : { other: uid === undefined ? 'somebody else: it has no owner annotation' : `the object with uid ${uid}` },
  };
};

const refuseIfEstablished = async (management: KubernetesClient, wanted: Wanted<'secret'>): Promise<void> => {
  const { type } = wanted.properties.content;
  if (wanted.object.kind !== 'AWSCluster' || (type !== 'certificate-authority' && type !== 'signing-key')) return;
  const cluster = await findObject(management, wanted.object, { signal: wanted.signal });
  const status = cluster?.['status'] as { readonly established?: boolean } | undefined;
  if (status?.established !== true) return;
  const { namespace, name } = wanted.properties;
  throw blockedError(
    `${describeName(secretName(namespace, name))} is missing, and cluster ${wanted.owner.clusterId} is established: its machines ` +
      'trust only the keys that were in it, so no new ones are made. Restore it from a backup of the management API.',
  );
};

/** A Secret of a cluster as an inventory names it. Its form is told by what it holds. */
export const foundSecret = (secret: KubernetesObject): Found => {
  const { name, annotations = {} } = secret.metadata;
  const data = dataOf(secret);
  const types = Object.keys(FORMS) as SecretContent['type'][];
  const type = types.find(
    (one) => FORMS[one].type === secret['type'] && FORMS[one].entries.every((entry) => entry in data),
  );
  const outputs = type === undefined ? { name } : outputsOf(name, type, data);
  return observed('secret', annotations[KEY_TAG] ?? '', outputs, {}, annotations[UID_TAG]);
};

export const secretDriver = (management: KubernetesClient): ResourceDriver<'secret'> => ({
  kind: 'secret',

  candidates: async (wanted) => {
    const { namespace, name } = wanted.properties;
    const secret = await management.find(secretName(namespace, name), { signal: wanted.signal });
    return secret === null ? [] : [candidateOf(wanted, secret)];
  },

  create: async (wanted) => {
    await refuseIfEstablished(management, wanted);
    const { namespace, name, content } = wanted.properties;
    const data = await createContent(content, wanted.owner.clusterId);
    await management.create({
      apiVersion: 'v1',
      kind: 'Secret',
      type: FORMS[content.type].type,
      metadata: {
        name,
        namespace,
        labels: { [CLUSTER_TAG]: wanted.owner.clusterId, 'app.kubernetes.io/managed-by': 'slipway' },
        annotations: { [UID_TAG]: wanted.owner.uid, [KEY_TAG]: wanted.key },
      },
      // Nothing may change it by accident: machines hold copies that would no longer match.
      immutable: true,
      data: Object.fromEntries(
        Object.entries(data).map(([entry, value]) => [entry, Buffer.from(value, 'utf8').toString('base64')]),
      ),
    });
    return { outputs: outputsOf(name, content.type, data) };
  },

  // Never rotated here: what exists is what machines were given. Damage is a person's to repair.
  update: async (wanted) => {
    const { content, name } = wanted.properties;
    const data = await readSecret(management, wanted.properties, content.type, { signal: wanted.signal });
    return { outputs: outputsOf(name, content.type, data) };
  },

  remove: async (wanted) => {
    const { namespace, name } = wanted.properties;
    const secret = await management.find(secretName(namespace, name));
    if (secret === null || candidateOf(wanted, secret).belongsTo !== 'ours') return;
    try {
      await management.remove(secretName(namespace, name), secret.metadata.uid);
    } catch (error) {
      // Another Secret took its place in between: that one isn't ours to remove (I4).
      if (!isConflict(error)) throw error;
    }
  },
});

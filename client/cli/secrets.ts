/**
 * `slipway clusters export-secrets` and `slipway clusters import-secrets`: what a cluster can't be adopted without, in a file.
 *
 * Owns: what is in the file, that nothing is written over, and what is said of it. Neighbours: `../sealed-file.ts` seals it, `../secrets.ts` reads and
 * writes Secrets. Temporal has no part in it. Invariant: I8 (the file is sealed, its owner's alone, and messages have names only).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { CLUSTER_TAG, clusterIdOf } from '../../api/names.ts';
import { ended } from '../../words/text.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { managementApi } from '../management.ts';
import { seal, unseal } from '../sealed-file.ts';
import { type KeptSecret, type ManagementSecrets, managementSecrets } from '../secrets.ts';
import { UserError } from '../user-error.ts';

const kept = z.object({
  name: z.string().min(1),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  type: z.string(),
  data: z.record(z.string(), z.string()),
});

/** What the commands tell: names, and nothing else of Secrets. */
export type SecretsMoved = {
  readonly clusterId: string;
  readonly namespace: string;
  readonly written: readonly string[];
  /** Those that were there already, with the same content. */
  readonly present: readonly string[];
};

const because = (error: unknown): string => ended(error instanceof Error ? error.message : String(error));

/** From a file, or from the environment: what is typed on a command line, others on the computer can read. */
export const passphraseOf = (file: string | undefined, environment: NodeJS.ProcessEnv): string => {
  if (file === undefined) {
    const given = environment['SLIPWAY_PASSPHRASE'];
    if (given !== undefined && given !== '') return given;
    throw new UserError('Give a passphrase: --passphrase-file <path>, or SLIPWAY_PASSPHRASE in the environment.');
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UserError(`The passphrase can't be read: ${because(error)}`, { cause: error });
  }
};

/** Refuses to write over anything: an older export may be all that there is. */
const writeNew = (file: string, text: string): void => {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new UserError(`The Secrets were not exported: ${because(error)} Name a file that isn't there.`, {
      cause: error,
    });
  }
};

export type Sealing = { readonly file: string; readonly passphrase: string; readonly cost?: number };

export const sealedText = (
  { clusterId, namespace, name }: { readonly clusterId: string; readonly namespace: string; readonly name: string },
  secrets: readonly KeptSecret[],
  { passphrase, cost }: Pick<Sealing, 'passphrase' | 'cost'>,
): string => {
  if (secrets.length === 0) {
    throw new UserError(`Namespace ${namespace} has no Secret of cluster ${clusterId}: there is nothing to export.`);
  }
  return seal(JSON.stringify(secrets), { cluster: clusterId, namespace, name }, passphrase, cost);
};

export const exportSecrets = async (
  configuration: ClientConfiguration,
  of: { readonly name: string; readonly namespace?: string },
  sealing: Sealing,
): Promise<SecretsMoved> => {
  const api = managementApi(configuration);
  const { metadata, status } = await api.cluster(of.namespace ?? api.defaultNamespace, of.name);
  const { namespace, name, uid } = metadata;
  const clusterId = status?.clusterID ?? clusterIdOf(uid);
  const secrets = await managementSecrets(configuration).ofCluster(namespace, clusterId);
  writeNew(sealing.file, sealedText({ clusterId, namespace, name }, secrets, sealing));
  return { clusterId, namespace, written: secrets.map((one) => one.name), present: [] };
};

type Sealed = { readonly clusterId: string; readonly namespace: string; readonly secrets: readonly KeptSecret[] };

/** What a file holds. Throws where it is not whole, or holds what is of another cluster. */
export const unsealedSecrets = (file: string, passphrase: string): Sealed => {
  const { text, about } = unseal(file, passphrase);
  const { cluster: clusterId = '', namespace = '' } = about;
  const secrets = z.array(kept).parse(JSON.parse(text));
  const strange = secrets.filter(({ labels }) => labels[CLUSTER_TAG] !== clusterId);
  if (strange.length > 0) {
    throw new UserError(
      `${strange.map(({ name }) => name).join(', ')} in it is not of cluster ${clusterId}: nothing was written.`,
    );
  }
  return { clusterId, namespace, secrets };
};

/** Makes those that are missing; nothing where one of them is there with another content. */
export const restoreSecrets = async (
  { clusterId, namespace, secrets }: Sealed,
  api: Pick<ManagementSecrets, 'find' | 'create'>,
): Promise<SecretsMoved> => {
  const there = await Promise.all(secrets.map(({ name }) => api.find(namespace, name)));
  const others = secrets.filter((one, index) => {
    const found = there[index];
    return found !== undefined && !isDeepStrictEqual(found.data, one.data);
  });
  if (others.length > 0) {
    throw new UserError(
      `Namespace ${namespace} has other Secrets of the same name, and they are not written over: ${others.map(({ name }) => name).join(', ')}. Nothing was written: see whose they are.`,
    );
  }
  const missing = secrets.filter((_, index) => there[index] === undefined);
  for (const one of missing) await api.create(namespace, one);
  const names = (some: readonly KeptSecret[]) => some.map(({ name }) => name);
  return {
    clusterId,
    namespace,
    written: names(missing),
    present: names(secrets.filter((one) => !missing.includes(one))),
  };
};

export const importSecrets = async (
  configuration: ClientConfiguration,
  { file, passphrase }: Sealing,
): Promise<SecretsMoved> => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`The Secrets were not imported: ${because(error)}`, { cause: error });
  }
  return restoreSecrets(unsealedSecrets(text, passphrase), managementSecrets(configuration));
};

const counted = (names: readonly string[]): string =>
  names.length === 1 ? `1 Secret (${names[0]})` : `${names.length} Secrets (${names.join(', ')})`;

export const exportText = ({ clusterId, written }: SecretsMoved, file: string): string =>
  `${counted(written)} of cluster ${clusterId} are in ${file}, sealed. Who has the file and its passphrase has the cluster.`;

export const importText = ({ clusterId, namespace, written, present }: SecretsMoved): string =>
  [
    ...(written.length === 0 ? [] : [`Made ${counted(written)} of cluster ${clusterId} in namespace ${namespace}.`]),
    ...(present.length === 0 ? [] : [`There already: ${counted(present)}.`]),
  ].join(' ');

/**
 * Candidates: the names that stand for what a completion wants, from the management API.
 *
 * Owns: that nobody who pressed Tab sees an error or waits for long: what can't be known is nothing. Names of steps come from
 * status, which is as new as what people see and needs no question to Temporal. Neighbours: `completion.ts` says what is
 * wanted.
 */
import type { ObjectKind } from '../../api/object.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { type ManagementApi, managementApi, type StoredCluster, type StoredNodePool } from '../management.ts';
import type { Candidate, Scope, Wanted } from './completion.ts';
import { kindOf } from './kinds.ts';

/** Longer than this nobody waits for a word that is typed sooner. */
const DEADLINE_MS = 2_000;

type Looked = Exclude<Wanted, { kind: 'words' | 'files' }>;
type Stored = StoredCluster | StoredNodePool;

const named = (objects: readonly Stored[]): readonly Candidate[] =>
  objects.map(({ metadata, status }) => ({ value: metadata.name, about: status?.state ?? 'Pending' }));

/** Only those in which there is something to name. */
const namespacesOf = (objects: readonly Stored[]): readonly Candidate[] =>
  [...new Set(objects.map(({ metadata }) => metadata.namespace))].sort().map((value) => ({ value }));

/** What stands in the way first, as it is what verbs are about. */
const stepsOf = ({ status }: Stored): readonly Candidate[] => {
  const steps = [...(status?.lastErrors ?? []), ...(status?.lastOperation?.steps ?? [])];
  const values = [...new Set(steps.flatMap(({ step }) => step ?? []))];
  return values.map((value) => {
    const about = steps.find(({ step, message }) => step === value && message)?.message;
    return about === undefined ? { value } : { value, about };
  });
};

const lookUp = async (wanted: Looked, api: ManagementApi): Promise<readonly Candidate[]> => {
  const namespace = wanted.scope.namespace ?? api.defaultNamespace;
  switch (wanted.kind) {
    case 'namespaces': {
      const kinds: readonly ObjectKind[] = ['AWSCluster', 'AWSNodePool'];
      const all = await Promise.all(kinds.map((kind) => api.objects(kind, undefined)));
      return namespacesOf(all.flat());
    }
    case 'names':
      return named(await api.objects(kindOf(wanted.type), namespace));
    case 'steps':
      return stepsOf(await api.object(kindOf(wanted.type), namespace, wanted.name));
  }
};

/** `configurationOf` is told the kubeconfig that the line names. */
export const candidatesFor = async (
  wanted: Looked,
  configurationOf: (kubeconfig: Scope['kubeconfig']) => ClientConfiguration,
): Promise<readonly Candidate[]> => {
  try {
    return await lookUp(wanted, managementApi(configurationOf(wanted.scope.kubeconfig), DEADLINE_MS));
  } catch {
    // The command itself says what is wrong, when it is run.
    return [];
  }
};

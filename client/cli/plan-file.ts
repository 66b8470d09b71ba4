/**
 * `slipway clusters plan -f`: what applying a file would do, object by object and field by field, without doing it.
 *
 * Owns: what is asked of whom. The API server is asked whether it would take each object, by whoever may change it; what machines there
 * are is asked of Slipway by a short workflow, since the command line has no rights in AWS. Neighbours: `manifests.ts` reads the file,
 * `applied.ts` merges as kubectl does, `plan-file-text.ts` draws the answer, `policy/pool-fields.ts` judges a pool.
 */
import { changesBetween, type FieldChange, valueAt } from '../../api/changes.ts';
import { clusterSpec } from '../../api/cluster.ts';
import { insteadOfChanging } from '../../api/fixed.ts';
import { nodePoolSpec } from '../../api/nodepool.ts';
import { timeOf } from '../../words/time.ts';
import { type ChangeRequest, PLAN_CHANGE_WORKFLOW, type PlannedChange } from '../../workflows/messages.ts';
import {
  type Asked,
  changeWords,
  controlPlaneMachines,
  countsBetween,
  isProvisioned,
  type Machines,
} from '../changes.ts';
import type { ClientConfiguration } from '../configuration.ts';
import {
  type ManagementApi,
  managementApi,
  type Named,
  type StoredCluster,
  type StoredNodePool,
} from '../management.ts';
import { type TryOut, tryOut } from '../trial.ts';
import { UserError } from '../user-error.ts';
import { lastApplied, patched, patchFor, unknownFields } from './applied.ts';
import { type Manifest, readManifests } from './manifests.ts';

type Json = Readonly<Record<string, unknown>>;
type Stored = StoredCluster | StoredNodePool;

/** One field that differs, and what its change would do as a sentence without a full stop. */
type FieldPlan = Omit<FieldChange, 'when'> & { readonly says: string };

export type FilePlan = {
  readonly object: Named;
  readonly comes: 'created' | 'changed' | 'unchanged' | 'refused';
  readonly fields: readonly FieldPlan[];
  /** How many machines are replaced, and how many end with nobody in their places. */
  readonly replaces?: number;
  readonly fewer?: number;
  /** Why it would not be taken as it is: one sentence a problem. */
  readonly refused: readonly string[];
  /** What could not be asked. */
  readonly notes: readonly string[];
};

/** Asks what a change of a provisioned pool would take. */
type AskSlipway = (request: ChangeRequest) => Promise<PlannedChange>;

export type Sources = {
  readonly api: Pick<ManagementApi, 'find' | 'defaultNamespace'>;
  readonly tryOut: TryOut;
  readonly slipway: AskSlipway;
};

const NOTHING = { fields: [], refused: [], notes: [] } as const;

type Read = { readonly spec: Json } | { readonly problems: readonly string[] };

/** A spec with its defaults, or what is wrong with it by itself. */
const readSpec = (kind: Named['kind'], spec: unknown): Read => {
  const parsed = (kind === 'AWSCluster' ? clusterSpec : nodePoolSpec).safeParse(spec);
  if (!parsed.success) {
    return { problems: parsed.error.issues.map(({ path, message }) => `spec.${path.join('.')}: ${message}`) };
  }
  const unknown = unknownFields(spec, parsed.data);
  const explain = `kubectl explain ${kind.toLowerCase()}.spec`;
  if (unknown.length > 0) {
    return { problems: unknown.map((field) => `spec.${field} is no field of ${kind}: see ${explain}`) };
  }
  return { spec: parsed.data };
};

const without = (value: unknown, [name = '', ...rest]: readonly string[]): unknown => {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value;
  const { [name]: inner, ...others } = value as Json;
  return rest.length === 0 ? others : { ...others, [name]: without(inner, rest) };
};

const withValue = (value: unknown, [name = '', ...rest]: readonly string[], to: unknown): unknown => ({
  ...(value as Json),
  [name]: rest.length === 0 ? to : withValue((value as Json)[name], rest, to),
});

/** What the API server says, where it could be asked. */
const judged = async (trying: ReturnType<TryOut>): Promise<Pick<FilePlan, 'refused' | 'notes'>> => {
  const tried = await trying;
  switch (tried.kind) {
    case 'taken':
      return { refused: [], notes: [] };
    case 'refused':
      return { refused: [tried.reason], notes: [] };
    case 'not asked':
      return { refused: [], notes: [`the API server was not asked whether it would take it: ${tried.reason}`] };
  }
};

const created = async (object: Named, { spec }: Manifest, sources: Sources): Promise<FilePlan> => {
  const read = readSpec(object.kind, spec);
  if ('problems' in read) return { ...NOTHING, object, comes: 'refused', refused: read.problems };
  const said = await judged(sources.tryOut(object, { create: { spec } }));
  return { ...NOTHING, object, comes: said.refused.length > 0 ? 'refused' : 'created', ...said };
};

const fixedPlan = ({ field, takes }: FieldChange, { kind }: Named): FieldPlan => ({
  field,
  takes,
  says: insteadOfChanging(kind, field) ?? 'cannot be changed',
});

type Differing = {
  readonly object: Named;
  readonly stored: Stored;
  readonly before: Json;
  /** What would be stored, fixed fields as they are. */
  readonly after: Json;
  readonly open: readonly FieldChange[];
};

type Taken = Pick<FilePlan, 'fields' | 'replaces' | 'fewer' | 'notes'>;

const inWords = (changes: readonly FieldChange[], asked: Asked, counts: Machines): readonly FieldPlan[] =>
  changes.map((change) => ({ field: change.field, takes: change.takes, says: changeWords(change, asked, counts) }));

const turnsBegin = ({ opensAt }: { readonly opensAt?: number }): string =>
  opensAt === undefined
    ? 'turns begin once somebody says resume, as the update policy asks for'
    : `turns begin at ${timeOf(opensAt)}, with the next window of the update policy`;

/** By Slipway's own look, or by the object's status where that is all there is. */
const poolTaken = async ({ object, stored, before, after, open }: Differing, slipway: AskSlipway): Promise<Taken> => {
  const reference = { ...object, uid: stored.metadata.uid };
  const asked = { spec: after };
  const known = await slipway({ object: reference, spec: nodePoolSpec.parse(after) });
  if (known.kind === 'unknown') {
    const nodes = valueAt(stored.status, 'desiredNodes');
    const counts = typeof nodes === 'number' ? countsBetween(before, after, nodes) : {};
    const notes = [`by its status alone, since Slipway could not look: ${known.reason}`];
    return { fields: inWords(open, asked, counts), notes };
  }
  const { fields, replaces, fewer, waits } = known;
  const changes = open.map((change) => {
    const takes = fields.find(({ field }) => field === change.field)?.takes ?? change.takes;
    return takes === change.takes ? change : { field: change.field, takes };
  });
  const notes = waits === undefined ? [] : [turnsBegin(waits)];
  return { fields: inWords(changes, asked, { replaces, fewer }), replaces, fewer, notes };
};

const taken = async (differing: Differing, slipway: AskSlipway): Promise<Taken> => {
  const { object, stored, after, open } = differing;
  if (open.length === 0) return { fields: [], notes: [] };
  if (!isProvisioned(stored)) {
    const says = 'at once, since it is not provisioned yet';
    return { fields: open.map(({ field }) => ({ field, takes: 'in place' as const, says })), notes: [] };
  }
  if (object.kind === 'AWSNodePool') return poolTaken(differing, slipway);
  const asked = { spec: after, status: stored.status };
  const replaces = controlPlaneMachines(open, asked);
  return { fields: inWords(open, asked, {}), ...(replaces === 0 ? {} : { replaces }), notes: [] };
};

const changed = async (object: Named, manifest: Manifest, stored: Stored, sources: Sources): Promise<FilePlan> => {
  const refusal = (...refused: readonly string[]): FilePlan => ({ ...NOTHING, object, comes: 'refused', refused });
  if (stored.metadata.deletionTimestamp !== undefined) return refusal('it is being deleted: apply it once it is gone');
  const was = readSpec(object.kind, stored.spec);
  if ('problems' in was) return refusal(...was.problems.map((one) => `what is stored can't be read: ${one}`));
  const patch = patchFor(manifest.spec, lastApplied(stored.metadata.annotations));
  const is = readSpec(object.kind, patched(stored.spec, patch));
  if ('problems' in is) return refusal(...is.problems);
  const changes = changesBetween(object.kind, was.spec, is.spec, nodesOf(stored));
  if (changes.length === 0) return { ...NOTHING, object, comes: 'unchanged' };
  const fixed = changes.filter(({ takes }) => takes === 'fixed');
  const open = changes.filter(({ takes }) => takes !== 'fixed');
  const paths = fixed.map(({ field }) => field.split('.'));
  const after = paths.reduce<unknown>(
    (spec, path) => withValue(spec, path, valueAt(was.spec, path.join('.'))),
    is.spec,
  ) as Json;
  const spec = paths.reduce<unknown>(without, patch);
  const said = await judged(sources.tryOut(object, { patch: { spec } }));
  const { notes, fields, ...counts } = await taken({ object, stored, before: was.spec, after, open }, sources.slipway);
  return {
    object,
    comes: said.refused.length > 0 || fixed.length > 0 ? 'refused' : 'changed',
    fields: [...fixed.map((change) => fixedPlan(change, object)), ...fields],
    ...counts,
    refused: said.refused,
    notes: [...said.notes, ...notes],
  };
};

const nodesOf = ({ status }: Stored): number => {
  const nodes = valueAt(status, 'desiredNodes');
  return typeof nodes === 'number' ? nodes : Number.POSITIVE_INFINITY;
};

const namespaceOf = ({ kind, name, namespace }: Manifest, asked: string | undefined, byDefault: string): string => {
  if (asked !== undefined && namespace !== undefined && asked !== namespace) {
    throw new UserError(
      `${kind} ${name} is of namespace ${namespace}, and --namespace says ${asked}: leave one of them out.`,
    );
  }
  return namespace ?? asked ?? byDefault;
};

/** Of each object in turn; `namespace`: of those that name none. */
export const planManifests = async (
  manifests: readonly Manifest[],
  namespace: string | undefined,
  sources: Sources,
): Promise<readonly FilePlan[]> =>
  Promise.all(
    manifests.map(async (manifest) => {
      const { kind, name } = manifest;
      const where = namespaceOf(manifest, namespace, sources.api.defaultNamespace);
      const object: Named = { kind, namespace: where, name };
      const stored = await sources.api.find(object);
      return stored === undefined ? created(object, manifest, sources) : changed(object, manifest, stored, sources);
    }),
  );

const askSlipway =
  (configuration: ClientConfiguration): AskSlipway =>
  async (request) => {
    const { runBriefly } = await import('../temporal.ts');
    const { kind, namespace, name } = request.object;
    return runBriefly<PlannedChange>(configuration, {
      type: PLAN_CHANGE_WORKFLOW,
      id: `plan/${namespace}/${name}`,
      args: [request],
      summary: `Plan of a change of ${kind} ${namespace}/${name}`,
      deadline: '60 s',
      failed: (why, unmanned) =>
        `What a change of ${kind} ${namespace}/${name} would take is not known: ${why}${unmanned ? '; is one up (npm run sandbox -- status)?' : ''}`,
    });
  };

/** Of a file, `-` for standard input, and what else is in it. */
export const planFile = async (
  configuration: ClientConfiguration,
  path: string,
  namespace: string | undefined,
): Promise<{ readonly plans: readonly FilePlan[]; readonly others: readonly string[] }> => {
  const { manifests, others } = await readManifests(path);
  const api = managementApi(configuration);
  const sources = { api, tryOut: tryOut(configuration), slipway: askSlipway(configuration) };
  return { plans: await planManifests(manifests, namespace, sources), others };
};

/**
 * Pages: a list of any length, asked for piece by piece.
 *
 * Owns: selections, limits, and reading to the last page. Neighbours: `client.ts` lists what is selected, `source.ts` lists
 * and then watches.
 * Invariant: I12 (a list is complete or it is an error).
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import type { Asking } from './calls.ts';
import type { Cancellation, Selection } from './client.ts';
import { unintelligible } from './errors.ts';
import { collectionPath, type KindName, pluralOf } from './resources.ts';

export type Page = {
  readonly items: readonly KubernetesObject[];
  /** As of which the list is; of all its pages the same. Empty where the server, such as a double, says none. */
  readonly resourceVersion: string;
  /** Asks for the page after this one. */
  readonly next?: string;
};

export type PageRequest = { readonly kind: KindName; readonly selection?: Selection; readonly next?: string };

const PAGE_SIZE = 500;

type RawPage = {
  readonly items: readonly Omit<KubernetesObject, 'apiVersion' | 'kind'>[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
};

const isPage = (value: unknown): value is RawPage =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);

/** `awsclusters in default`, for people. */
export const describeSelection = (kind: KindName, { namespace }: Selection = {}): string =>
  `${pluralOf(kind)}${namespace === undefined ? '' : ` in ${namespace}`}`;

const pathOf = ({ kind, selection = {}, next }: PageRequest): string => {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (selection.labelSelector !== undefined) query.set('labelSelector', selection.labelSelector);
  if (selection.fieldSelector !== undefined) query.set('fieldSelector', selection.fieldSelector);
  if (selection.fromCache === true && next === undefined) query.set('resourceVersion', '0');
  if (next !== undefined) query.set('continue', next);
  return `${collectionPath(kind, selection.namespace)}?${query.toString()}`;
};

export const readPage = async (
  { server, send }: Asking,
  request: PageRequest,
  options?: Cancellation,
): Promise<Page> => {
  const { kind, selection } = request;
  const object = describeSelection(kind, selection);
  const page = await send('list', object, { method: 'GET', path: pathOf(request), ...options });
  if (!isPage(page)) throw unintelligible({ verb: 'list', object, server });
  const { resourceVersion = '', continue: next } = page.metadata ?? {};
  return {
    // Items of a list carry neither apiVersion nor kind.
    items: page.items.map((item) => ({ ...item, ...kind }) as KubernetesObject),
    resourceVersion,
    ...(next ? { next } : {}),
  };
};

export const readAll = async (
  asking: Asking,
  request: Omit<PageRequest, 'next'>,
  options?: Cancellation,
): Promise<readonly KubernetesObject[]> => {
  const found: KubernetesObject[] = [];
  let next: string | undefined;
  do {
    const page = await readPage(asking, { ...request, ...(next === undefined ? {} : { next }) }, options);
    found.push(...page.items);
    next = page.next;
  } while (next !== undefined);
  return found;
};

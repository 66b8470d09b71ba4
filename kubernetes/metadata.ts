/**
 * Metadata: what an API server keeps, and who wrote it when, without what it holds.
 *
 * Owns: asking which resources there are to list, and reading of each no more than metadata, page by page. Neighbours: `client.ts` has both as
 * verbs; `pages.ts` lists whole objects of the few kinds that Slipway writes. Invariants: I8 (only metadata leaves the server, and of
 * it only names and times leave this file), I12 (an answer that isn't one is an error).
 */
import type { Asking } from './calls.ts';
import type { Cancellation } from './client.ts';
import { unintelligible } from './errors.ts';
import { groupPath } from './resources.ts';

export type ServedResource = { readonly group: string; readonly version: string; readonly plural: string };

export type ObjectTimes = {
  readonly namespace?: string;
  readonly name: string;
  /** RFC 3339, as all times here. */
  readonly created?: string;
  /** When each writer last wrote what is no status. */
  readonly written: readonly string[];
};

/** All groups, with their resources, in one answer: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const PAGE_SIZE = 500;

type Group = {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly {
    readonly version: string;
    readonly resources?: readonly { readonly resource: string; readonly verbs?: readonly string[] }[];
  }[];
};

type Listed = {
  readonly metadata?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly creationTimestamp?: string | null;
    readonly managedFields?: readonly { readonly time?: string; readonly subresource?: string }[];
  };
};

const hasItems = (
  body: unknown,
  kind: string,
): body is { readonly items: readonly unknown[]; readonly metadata?: { readonly continue?: string } } =>
  typeof body === 'object' &&
  body !== null &&
  Reflect.get(body, 'kind') === kind &&
  Array.isArray(Reflect.get(body, 'items'));

const resourcesIn = (groups: readonly Group[]): readonly ServedResource[] =>
  groups.flatMap(({ metadata, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources
        .filter(({ verbs = [] }) => verbs.includes('list'))
        .map(({ resource: plural }) => ({ group: metadata?.name ?? '', version, plural })),
    ),
  );

/** All that can be listed, by every version; within a group the preferred version first. */
export const readResources = async (
  { server, send }: Asking,
  options?: Cancellation,
): Promise<readonly ServedResource[]> => {
  const [verb, kind] = ['list resources of', 'APIGroupDiscoveryList'];
  const lists = await Promise.all(
    ['/api', '/apis'].map(async (path) => {
      const body = await send(verb, path, { method: 'GET', path, accept: DISCOVERY, ...options });
      if (!hasItems(body, kind)) throw unintelligible({ verb, object: path, server });
      return resourcesIn(body.items as readonly Group[]);
    }),
  );
  return lists.flat();
};

const timesOf = ({ metadata = {} }: Listed): ObjectTimes => {
  const { namespace, name = '', creationTimestamp, managedFields = [] } = metadata;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(creationTimestamp ? { created: creationTimestamp } : {}),
    written: managedFields.flatMap(({ time, subresource }) =>
      time === undefined || subresource === 'status' ? [] : [time],
    ),
  };
};

/** Of all objects of a resource, page by page. */
export async function* pagesOfTimes(
  { server, send }: Asking,
  { group, version, plural }: ServedResource,
  options?: Cancellation,
): AsyncGenerator<readonly ObjectTimes[]> {
  const verb = 'list metadata of';
  const collection = `${groupPath(group === '' ? version : `${group}/${version}`)}/${plural}`;
  let next: string | undefined = '';
  while (next !== undefined) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(next === '' ? {} : { continue: next }) });
    const path = `${collection}?${query.toString()}`;
    const body: unknown = await send(verb, plural, { method: 'GET', path, accept: METADATA, ...options });
    if (!hasItems(body, 'PartialObjectMetadataList')) throw unintelligible({ verb, object: plural, server });
    yield (body.items as readonly Listed[]).map(timesOf);
    next = body.metadata?.continue || undefined;
  }
}

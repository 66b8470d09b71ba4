/**
 * Webhooks: those of a cluster whose failurePolicy is Fail, and whether anybody answers for them.
 *
 * Owns: reading configurations, the endpoints of the Services that they name, and the labels of the namespaces that count. Neighbour:
 * `policy/fail-closed.ts` judges. Invariants: I6 (reads only), I12 (endpoints that could not be read are none that are missing).
 */
import pLimit from 'p-limit';
import type { KubernetesObject } from '../../api/kubernetes-object.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { type FailClosedWebhook, NEEDED_NAMESPACES, type Webhooks } from '../../policy/fail-closed.ts';
import { verdictOf } from '../verdicts.ts';

const KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;
const ENDPOINT_SLICE = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' } as const;
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' } as const;
const MOST_SERVICES = 20;
const AT_ONCE = 5;

type Webhook = {
  readonly name: string;
  readonly failurePolicy?: string;
  readonly clientConfig?: { readonly service?: { readonly namespace: string; readonly name: string } };
  readonly rules?: FailClosedWebhook['rules'];
  readonly namespaceSelector?: FailClosedWebhook['namespaceSelector'];
  readonly objectSelector?: FailClosedWebhook['namespaceSelector'];
  readonly matchConditions?: readonly unknown[];
};

type Look = { readonly client: KubernetesClient; readonly signal: AbortSignal };
type Ready = NonNullable<FailClosedWebhook['service']>['ready'];

const isEmpty = ({ matchLabels = {}, matchExpressions = [] }: NonNullable<Webhook['objectSelector']>): boolean =>
  Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;

/** `namespace/name` */
const serviceOf = ({ clientConfig }: Webhook): string | undefined => {
  const service = clientConfig?.service;
  return service === undefined ? undefined : `${service.namespace}/${service.name}`;
};

/** Fail is what the API server takes where nothing is said. */
const failClosedIn = (configuration: KubernetesObject): readonly Webhook[] =>
  ((configuration['webhooks'] ?? []) as readonly Webhook[]).filter(
    ({ failurePolicy = 'Fail' }) => failurePolicy === 'Fail',
  );

/** An endpoint that says nothing of itself is ready, by its API. */
const readyIn = (slice: KubernetesObject): number =>
  ((slice['endpoints'] ?? []) as readonly { readonly conditions?: { readonly ready?: boolean } }[]).filter(
    ({ conditions }) => conditions?.ready !== false,
  ).length;

const readyOf = async (service: string, { client, signal }: Look): Promise<Ready> => {
  const [namespace = '', name = ''] = service.split('/');
  try {
    const selection = { namespace, labelSelector: `kubernetes.io/service-name=${name}` };
    const slices = await client.list(ENDPOINT_SLICE, selection, { signal });
    return { endpoints: slices.reduce((sum, slice) => sum + readyIn(slice), 0) };
  } catch (error) {
    return { unread: verdictOf(error).message };
  }
};

const endpointsOf = async (services: readonly string[], look: Look): Promise<ReadonlyMap<string, Ready>> => {
  const atOnce = pLimit(AT_ONCE);
  const ready = services.map((service, index) =>
    atOnce(async () => {
      const unread = { unread: `only the endpoints of ${MOST_SERVICES} Services are looked at` };
      return [service, index < MOST_SERVICES ? await readyOf(service, look) : unread] as const;
    }),
  );
  return new Map(await Promise.all(ready));
};

const namespaceLabels = async ({ client, signal }: Look): Promise<Webhooks['namespaces']> =>
  Object.fromEntries(
    await Promise.all(
      NEEDED_NAMESPACES.map(async (name) => {
        const found = await client.find({ ...NAMESPACE, name }, { signal });
        return [name, found?.metadata.labels ?? {}] as const;
      }),
    ),
  );

export const readWebhooks = async (look: Look): Promise<Webhooks> => {
  const { client, signal } = look;
  const kinds = KINDS.map((kind) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind }));
  const [configurations, namespaces] = await Promise.all([
    Promise.all(kinds.map((kind) => client.list(kind, {}, { signal }))),
    namespaceLabels(look),
  ]);
  const all = configurations
    .flat()
    .flatMap((one) =>
      failClosedIn(one).map((webhook) => ({ webhook, configuration: `${one.kind} ${one.metadata.name}` })),
    );
  const services = [...new Set(all.flatMap(({ webhook }) => serviceOf(webhook) ?? []))].sort();
  const endpoints = await endpointsOf(services, look);
  const failClosed = all.map(({ webhook, configuration }): FailClosedWebhook => {
    const { name, rules = [], namespaceSelector, objectSelector = {}, matchConditions = [] } = webhook;
    const service = serviceOf(webhook);
    const ready = service === undefined ? undefined : endpoints.get(service);
    return {
      configuration,
      name,
      rules,
      ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
      narrowed: matchConditions.length > 0 || !isEmpty(objectSelector),
      ...(service === undefined || ready === undefined ? {} : { service: { name: service, ready } }),
    };
  });
  return { failClosed, namespaces };
};

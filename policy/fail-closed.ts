/**
 * Fail closed: webhooks of a cluster that refuse what they are asked about whenever nobody answers for them.
 *
 * Owns: which of them stand in the way of an upgrade, and which might. One that nobody answers for, and that is asked about what an
 * upgrade needs, blocks; one of the two alone is a warning. What a webhook leaves out by `objectSelector` or `matchConditions` can't
 * be told without the objects, so such a one warns only. Neighbours: `activities/kubernetes/webhooks.ts` reads them. Pure.
 */
import { type LabelSelector, selects } from './evictions.ts';
import { type Insight, isUnread, listed, type Read, unreadInsight } from './insight.ts';

type Rule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  /** `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`. */
  readonly operations?: readonly string[];
  readonly scope?: string;
};

/** One whose failurePolicy is Fail. */
export type FailClosedWebhook = {
  /** `ValidatingWebhookConfiguration policies`. */
  readonly configuration: string;
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly namespaceSelector?: LabelSelector;
  /** It has an objectSelector or matchConditions: it may leave out what an upgrade needs. */
  readonly narrowed: boolean;
  /** The Service that answers for it, and how many of its endpoints are ready; without one it is asked at a URL. */
  readonly service?: { readonly name: string; readonly ready: Read<{ readonly endpoints: number }> };
};

export type Webhooks = {
  readonly failClosed: readonly FailClosedWebhook[];
  /** Labels of the namespaces that count, by name. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

type Need = {
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly operations: readonly string[];
};

/** Who leads, whether a node lives, and pods that make room for others. */
const NEEDED: readonly Need[] = [
  { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-system', operations: ['CREATE', 'UPDATE'] },
  { group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease', operations: ['CREATE', 'UPDATE'] },
  { group: '', resource: 'nodes', operations: ['CREATE', 'UPDATE'] },
  { group: '', resource: 'nodes/status', operations: ['UPDATE'] },
  { group: '', resource: 'pods', namespace: 'kube-system', operations: ['CREATE', 'UPDATE', 'DELETE'] },
  { group: '', resource: 'pods/binding', namespace: 'kube-system', operations: ['CREATE'] },
  { group: '', resource: 'pods/eviction', namespace: 'kube-system', operations: ['CREATE'] },
];

/** Namespaces whose labels a selector may ask about. */
export const NEEDED_NAMESPACES: readonly string[] = [
  ...new Set(NEEDED.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace]))),
].sort();

const includes = (all: readonly string[] | undefined, one: string): boolean =>
  all?.some((each) => each === '*' || each === one) === true;

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules */
const includesResource = (all: readonly string[] | undefined, resource: string): boolean => {
  const [plural = '', subresource] = resource.split('/');
  if (all?.includes('*/*') === true) return true;
  return subresource === undefined
    ? includes(all, plural)
    : all?.some((each) => [resource, `${plural}/*`, `*/${subresource}`].includes(each)) === true;
};

const isAsked = (rule: Rule, { group, resource, namespace, operations }: Need): boolean =>
  includes(rule.apiGroups, group) &&
  includesResource(rule.resources, resource) &&
  operations.some((one) => includes(rule.operations, one)) &&
  ['*', namespace === undefined ? 'Cluster' : 'Namespaced'].includes(rule.scope ?? '*');

const selectsNamespace = (
  { namespaceSelector }: FailClosedWebhook,
  { namespace }: Need,
  namespaces: Webhooks['namespaces'],
): boolean =>
  // What is in no namespace is never left out by one.
  namespace === undefined || namespaceSelector === undefined || selects(namespaceSelector, namespaces[namespace] ?? {});

const describeNeed = ({ resource, namespace }: Need): string =>
  namespace === undefined ? resource : `${resource} in ${namespace}`;

/** What of an upgrade it is asked about. */
const neededBy = (webhook: FailClosedWebhook, namespaces: Webhooks['namespaces']): readonly string[] =>
  NEEDED.filter(
    (need) => webhook.rules.some((rule) => isAsked(rule, need)) && selectsNamespace(webhook, need, namespaces),
  ).map(describeNeed);

type Service = NonNullable<FailClosedWebhook['service']>;

const NAME = 'Webhooks';
const isDead = ({ ready }: Service): boolean => !isUnread(ready) && ready.endpoints === 0;

const EXCEPT = 'leave kube-system and kube-node-lease out by its namespaceSelector, and nodes by its rules';

/** `asked`: what of an upgrade it is asked about, in words; undefined where it is about nothing of it. */
const deadInsight = (webhook: FailClosedWebhook, { name: service }: Service, asked: string | undefined): Insight => {
  const { configuration, narrowed } = webhook;
  const dead = `refuses whatever it is asked about, since its Service ${service} has no ready endpoint`;
  return {
    name: NAME,
    severity: asked !== undefined && !narrowed ? 'blocks' : 'warns',
    object: describeWebhook(webhook),
    message: asked === undefined ? dead : `${dead}, and it ${asked}`,
    cure: `bring the pods of Service ${service} up, or set its failurePolicy to Ignore, or delete ${configuration}`,
  };
};

const describeWebhook = ({ configuration, name }: FailClosedWebhook): string => `${configuration} (webhook ${name})`;

const insightOf = (webhook: FailClosedWebhook, namespaces: Webhooks['namespaces']): Insight | undefined => {
  const { service, narrowed } = webhook;
  const object = describeWebhook(webhook);
  if (service !== undefined && isUnread(service.ready)) {
    return unreadInsight(NAME, 'warns', `Service ${service.name} of ${object}`, service.ready);
  }
  const needed = neededBy(webhook, namespaces);
  const asked = needed.length === 0 ? undefined : `${narrowed ? 'may be asked' : 'is asked'} about ${listed(needed)}`;
  if (service !== undefined && isDead(service)) return deadInsight(webhook, service, asked);
  if (asked === undefined) return undefined;
  return {
    name: NAME,
    severity: 'warns',
    object,
    message: `${asked}, which an upgrade needs, and refuses it whenever nobody answers`,
    cure: `${EXCEPT}, or set its failurePolicy to Ignore`,
  };
};

export const failClosedWebhooks = (webhooks: Read<Webhooks>): readonly Insight[] =>
  isUnread(webhooks)
    ? [unreadInsight(NAME, 'blocks', 'webhooks', webhooks)]
    : webhooks.failClosed.flatMap((one) => insightOf(one, webhooks.namespaces) ?? []);

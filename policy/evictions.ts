/**
 * Evictions: which pods of a node have to leave it, and what keeps those that may not be evicted.
 *
 * Owns: the filters of `kubectl drain`, which are the drainer's duty: the eviction API itself refuses none of these pods
 * (https://github.com/kubernetes/kubectl/blob/master/pkg/drain/filters.go). Those of a DaemonSet and mirror pods stay, since both
 * would be back at once; what is in an emptyDir goes with its pod; a pod that nothing would start again is nobody's to evict but a
 * person's. Neighbours: `activities/kubernetes/drain.ts` reads pods and evicts. Pure.
 */
import { ownOf } from '../words/own.ts';
import { ended } from '../words/text.ts';

/** What of a pod counts here. */
export type NodePod = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`. */
  readonly phase: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It was told to go; what holds it are finalizers, or the time that its containers take. */
  readonly terminating: boolean;
  readonly finalizers: readonly string[];
  /** The kubelet's own, from a file on the node. */
  readonly mirror: boolean;
  /** Whoever would start another one. */
  readonly controller?: { readonly kind: string; readonly name: string };
};

export type Judged = {
  /** They have to leave; some may be on their way. */
  readonly leaving: readonly NodePod[];
  /** Evicted, nothing would start them again. */
  readonly unmanaged: readonly NodePod[];
};

const isFinished = ({ phase }: NodePod): boolean => phase === 'Succeeded' || phase === 'Failed';

/** `daemonSets`: those that there are, as `<namespace>/<name>`; one that is gone starts nothing again. */
export const judgePods = (pods: readonly NodePod[], daemonSets: ReadonlySet<string>): Judged => {
  const ofDaemonSet = ({ controller, namespace }: NodePod): boolean =>
    controller?.kind === 'DaemonSet' && daemonSets.has(`${namespace}/${controller.name}`);
  const considered = pods.filter((pod) => !pod.mirror && !ofDaemonSet(pod));
  const isUnmanaged = (pod: NodePod): boolean =>
    !isFinished(pod) && !pod.terminating && (pod.controller === undefined || pod.controller.kind === 'DaemonSet');
  return {
    leaving: considered.filter((pod) => !isUnmanaged(pod)),
    unmanaged: considered.filter(isUnmanaged),
  };
};

/** A selector of labels: `matchLabels` and `matchExpressions`, all of which must hold. */
export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
};

/** An empty selector selects every pod of its namespace; a missing one none. */
export const selects = (selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean =>
  selector !== undefined &&
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => ownOf(labels, key) === value) &&
  (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = ownOf(labels, key);
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });

/** How the API server answered when a pod was to be evicted. */
export type Eviction =
  /** It goes, or is gone: the next look tells. */
  | { readonly kind: 'going' }
  | { readonly kind: 'gone' }
  /** A budget allows no disruption just now, in the API server's words. */
  | { readonly kind: 'budget'; readonly says: string }
  /** Two budgets at least select it, which the eviction API refuses for ever. */
  | { readonly kind: 'budgets'; readonly names: readonly string[] };

/** A pod that has not left, and why. */
export type Staying = { readonly pod: NodePod; readonly eviction: Eviction };

const SHOWN = 5;

const nameOf = ({ namespace, name }: NodePod): string => `${namespace}/${name}`;

const whyStaying = ({ pod, eviction }: Staying): string => {
  const held = pod.finalizers.length > 0 ? `held by ${pod.finalizers.map((one) => `finalizer ${one}`).join(', ')}` : '';
  switch (eviction.kind) {
    case 'budget':
      return `${nameOf(pod)} (${eviction.says})`;
    case 'budgets':
      return `${nameOf(pod)} (more than one budget selects it, which the API server never allows: ${eviction.names.join(', ')})`;
    case 'going':
    case 'gone':
      return held === '' ? `${nameOf(pod)} (terminating)` : `${nameOf(pod)} (terminating, ${held})`;
  }
};

const listed = (all: readonly string[]): string =>
  all.length <= SHOWN ? all.join(', ') : `${all.slice(0, SHOWN).join(', ')} and ${all.length - SHOWN} more`;

/** Those that a budget or two hold come first: the others leave by themselves. */
const hardestFirst = (staying: readonly Staying[]): readonly Staying[] => {
  const rank = ({ eviction, pod }: Staying): number => {
    if (eviction.kind === 'budgets') return 0;
    if (eviction.kind === 'budget') return 1;
    return pod.finalizers.length > 0 ? 2 : 3;
  };
  return staying.toSorted((a, b) => rank(a) - rank(b) || (nameOf(a.pod) < nameOf(b.pod) ? -1 : 1));
};

const namesOf = (pods: readonly NodePod[]): string => listed(pods.map(nameOf).sort());

/**
 * Those that are worth waiting for. `unheard`: uids of pods whose node is silent. Nobody will say of one that was told to go that it has
 * gone, and whoever starts another in its place need not know.
 */
export const awaitedAmong = (staying: readonly Staying[], unheard: ReadonlySet<string>): readonly Staying[] =>
  staying.filter(({ pod, eviction }) => eviction.kind !== 'going' || !unheard.has(pod.uid));

/** As an event says that a machine ends with pods on it. */
export const sayLeft = (where: string, pods: readonly NodePod[]): string =>
  `${counted(pods.length)} did not leave ${where}, which does not serve, and end with it: ${namesOf(pods)}`;

const counted = (count: number): string => `${count} ${count === 1 ? 'pod' : 'pods'}`;

/** As a wait says it; `where` is one node, or several: `node a`. */
export const sayStaying = (where: string, staying: readonly Staying[]): string =>
  `Waiting for ${counted(staying.length)} to leave ${where}: ${listed(hardestFirst(staying).map(whyStaying))}`;

/** As a step says that a person has to see to it: what stands in the way, and what can be done about each sort of it. */
export const sayOverdue = (where: string, seconds: number, staying: readonly Staying[]): string => {
  const has = (kind: Eviction['kind']): boolean => staying.some(({ eviction }) => eviction.kind === kind);
  const heldByFinalizer = staying.some(({ pod, eviction }) => pod.finalizers.length > 0 && eviction.kind === 'going');
  const cures = [
    ...(has('budgets') ? ['leave each pod one PodDisruptionBudget'] : []),
    ...(has('budget') ? ['let the budget allow a disruption, by more replicas or a lower minAvailable'] : []),
    ...(heldByFinalizer ? ['see to it that whoever set the finalizer takes it off'] : []),
    ...(has('budgets') || has('budget') || heldByFinalizer ? [] : ['wait until the pods have ended by themselves']),
    'or skip this step: then the pods that are left end with their machine',
  ];
  const left = listed(hardestFirst(staying).map(whyStaying));
  return `After ${seconds} s not all pods have left ${where}: ${ended(left)} To go on, ${ended(cures.join('; '))}`;
};

/** Nothing was evicted yet. */
export const sayUnmanaged = (where: string, pods: readonly NodePod[]): string =>
  `On ${where} ${pods.length === 1 ? 'is' : 'are'} ${counted(pods.length)} that nothing would start again: ${listed(pods.map(nameOf).sort())}. Nothing was evicted. ` +
  'Delete them where they may go (kubectl delete pod -n <namespace> <name>), or skip this step: then they end with the machine.';

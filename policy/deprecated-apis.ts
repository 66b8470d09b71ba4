/**
 * Deprecated APIs: those that a cluster is still asked for, and that the version which is to come serves no more.
 *
 * Owns: which of them an upgrade endangers. One that is deprecated without a release that removes it, such as Endpoints, endangers
 * none, and Kubernetes' own controllers ask for it: nothing is said of it. Neighbours: `activities/kubernetes/requested-apis.ts` reads
 * the metric `apiserver_requested_deprecated_apis` (https://kubernetes.io/docs/reference/instrumentation/metrics/). Pure.
 *
 * Limit: an API server counts for itself, since it started, and whichever answered was asked. So one that nobody asked this one for is
 * not seen, and one that nobody asks for any more is seen until it starts anew.
 */
import { minorsBetween } from '../api/minor.ts';
import { type Insight, isUnread, listed, type Read, unreadInsight } from './insight.ts';

/** An API that was asked for, and the minor version of Kubernetes that serves it no more: `1.37`. */
export type RequestedApi = {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly removedIn: string;
  /** Field managers that wrote an object by it, sorted: whoever only reads leaves no mark. */
  readonly writers: Read<readonly string[]>;
};

const NAME = 'DeprecatedApis';
const GUIDE = 'https://kubernetes.io/docs/reference/using-api/deprecation-guide/';

const nameOf = ({ group, version, resource }: RequestedApi): string =>
  [resource, version, group].filter((part) => part !== '').join('.');

const whoAsks = ({ writers }: RequestedApi): string => {
  if (isUnread(writers)) return `who asks could not be read: ${writers.unread}`;
  return writers.length === 0 ? 'no object says who asks, so it is somebody who reads' : `by ${listed(writers)}`;
};

const insightOf = (api: RequestedApi, kubernetes: string): Insight => {
  const gone = minorsBetween(api.removedIn, kubernetes) >= 0;
  return {
    name: NAME,
    severity: gone ? 'blocks' : 'warns',
    object: nameOf(api),
    message: `was asked for since this API server started, and Kubernetes ${api.removedIn} serves it no more (${whoAsks(api)})`,
    cure: `have them ask for a version that stays (${GUIDE}); what was counted is forgotten when the API servers start anew`,
  };
};

/** `kubernetes`: the version that is to come, such as `1.37.2`. */
export const deprecatedApis = (apis: Read<readonly RequestedApi[]>, kubernetes: string): readonly Insight[] =>
  isUnread(apis)
    ? [unreadInsight(NAME, 'blocks', 'what the API server was asked for', apis)]
    : apis.map((api) => insightOf(api, kubernetes));

/**
 * Requested APIs: which deprecated ones a cluster is asked for, and who wrote objects by them.
 *
 * Owns: reading the API server's own count, and the field managers that `metadata.managedFields` of its objects name. They are read
 * through another version of the API: whoever asks for a deprecated one is counted, too. Neighbour: `policy/deprecated-apis.ts`
 * judges. Invariants: I6 (reads only), I8 (of an object only its metadata is asked for), I12 (what could not be read is said).
 */
import pLimit from 'p-limit';
import { minorIn } from '../../api/minor.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import { type Sample, samplesOf } from '../../kubernetes/prometheus.ts';
import type { RequestedApi } from '../../policy/deprecated-apis.ts';
import type { Read } from '../../policy/insight.ts';
import { parsedJson } from '../../words/json.ts';
import { verdictOf } from '../verdicts.ts';

/** https://kubernetes.io/docs/reference/instrumentation/metrics/ */
const REQUESTED = 'apiserver_requested_deprecated_apis';
const MOST = 50;
const AT_ONCE = 5;

type Api = Omit<RequestedApi, 'writers'>;

/** What is deprecated without a release that removes it has none in its label. */
const apiOf = ({ labels, value }: Sample): readonly Api[] => {
  const { group = '', version = '', resource = '', removed_release: removedIn = '' } = labels;
  return value > 0 && minorIn(removedIn) !== undefined ? [{ group, version, resource, removedIn }] : [];
};

/** Each once: a resource and its subresources are counted apart. */
const apisIn = (metrics: string): readonly Api[] => {
  const all = samplesOf(metrics, REQUESTED).flatMap(apiOf);
  const byName = all.map((api) => [`${api.group}/${api.version}/${api.resource}`, api] as const);
  return [...new Map(byName.toSorted(([a], [b]) => (a < b ? -1 : 1))).values()];
};

type Look = { readonly client: KubernetesClient; readonly signal: AbortSignal };

/** Versions of a group that are served, the one in question last. */
const versionsOf = async ({ group, version }: Api, { client, signal }: Look): Promise<readonly string[]> => {
  const { status, text } = await client.probe(`/apis/${group}`, { signal });
  const body =
    status === 200 ? (parsedJson(text) as { readonly versions?: readonly { readonly version: string }[] }) : {};
  const others = (body.versions ?? []).map((one) => one.version).filter((one) => one !== version);
  return [...others, version];
};

const writersOf = async (api: Api, look: Look): Promise<Read<readonly string[]>> => {
  try {
    for (const version of await versionsOf(api, look)) {
      const { group, resource: plural } = api;
      const writers = await look.client.writersOf({ group, version, plural }, { signal: look.signal });
      if (writers !== null) return writers[`${group}/${api.version}`] ?? [];
    }
    return { unread: 'no version of it is served' };
  } catch (error) {
    return { unread: verdictOf(error).message };
  }
};

/** By the metrics of whichever API server answered; see the limit in `policy/deprecated-apis.ts`. */
export const readRequestedApis = async (metrics: string, look: Look): Promise<readonly RequestedApi[]> => {
  const atOnce = pLimit(AT_ONCE);
  const apis = apisIn(metrics).slice(0, MOST);
  return Promise.all(apis.map((api) => atOnce(async () => ({ ...api, writers: await writersOf(api, look) }))));
};

/**
 * The API server as a source of lists and watches of one custom resource, in all namespaces.
 *
 * Owns: HTTP to the management API and the reading of its answers. Neighbour: `list-watch.ts` owns the loop.
 */
import { CustomObjectsApi, type KubeConfig, Watch } from '@kubernetes/client-node';
import { API_GROUP } from '../../api/names.ts';
import type { ObjectKind } from '../../api/object.ts';
import { Expired, type Observed, type Source } from './list-watch.ts';

const VERSION = 'v1';
const PAGE_SIZE = 500;
const WATCH_SECONDS = { least: 240, most: 480 };
const ANNOTATION_PREFIX = 'slipway.dev/';

export const PLURALS: Readonly<Record<ObjectKind, string>> = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' };

type ApiObject = {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly generation?: number;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

const observed = (kind: ObjectKind, { metadata }: ApiObject): Observed => ({
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  generation: metadata.generation ?? 0,
  deleting: metadata.deletionTimestamp !== undefined,
  annotations: Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith(ANNOTATION_PREFIX)),
  ),
});

const isExpired = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  (('code' in error && error.code === 410) || ('statusCode' in error && error.statusCode === 410));

export const kubernetesSource = (config: KubeConfig, kind: ObjectKind): Source => {
  const api = config.makeApiClient(CustomObjectsApi);
  const watch = new Watch(config);
  const plural = PLURALS[kind];

  return {
    list: async (next) => {
      const list = (await api.listCustomObjectForAllNamespaces({
        group: API_GROUP,
        version: VERSION,
        resourcePlural: plural,
        limit: PAGE_SIZE,
        ...(next === undefined ? {} : { _continue: next }),
      })) as { items: ApiObject[]; metadata: { resourceVersion: string; continue?: string } };
      const more = list.metadata.continue;
      return {
        items: list.items.map((item) => observed(kind, item)),
        resourceVersion: list.metadata.resourceVersion,
        ...(more ? { next: more } : {}),
      };
    },

    watch: (resourceVersion, onEvent, signal) =>
      new Promise((resolve, reject) => {
        const timeoutSeconds = Math.round(
          WATCH_SECONDS.least + Math.random() * (WATCH_SECONDS.most - WATCH_SECONDS.least),
        );
        const receive = (phase: string, object: ApiObject & { code?: number; message?: string }): void => {
          switch (phase) {
            case 'ADDED':
            case 'MODIFIED':
            case 'DELETED':
              onEvent({
                type: phase === 'DELETED' ? 'deleted' : 'changed',
                object: observed(kind, object),
                resourceVersion: object.metadata.resourceVersion,
              });
              break;
            case 'BOOKMARK':
              onEvent({ type: 'bookmark', resourceVersion: object.metadata.resourceVersion });
              break;
            default:
              reject(
                object.code === 410
                  ? new Expired('the version is too old')
                  : new Error(`Watch of ${plural}: ${object.message ?? phase}`),
              );
          }
        };
        const done = (error: unknown): void => {
          if (error === null || error === undefined || signal.aborted) resolve();
          else reject(isExpired(error) ? new Expired('the version is too old') : error);
        };
        watch
          .watch(
            `/apis/${API_GROUP}/${VERSION}/${plural}`,
            { resourceVersion, allowWatchBookmarks: true, timeoutSeconds },
            receive,
            done,
          )
          .then((controller) => {
            if (signal.aborted) controller.abort();
            signal.addEventListener('abort', () => {
              controller.abort();
              resolve();
            });
          }, done);
      }),
  };
};

/**
 * About: what the double of an API server says of itself: how it is, and of which version.
 *
 * Owns: `/readyz`, `/healthz`, `/livez`, `/metrics` and `/version`. Neighbours: `programs.ts` knows the version, `serving.ts` whether it leaves;
 * `api.ts` answers everything else. Pure.
 */
import type { ApiAnswer } from './api.ts';
import { type Programs, versionInfo } from './programs.ts';

/** What one replica serves with, and whether it was told to stop. */
export type Served = { readonly programs: Programs; readonly isLeaving: () => boolean };

const health = (hasQuorum: boolean, verbose: boolean, isLeaving: boolean): ApiAnswer => {
  const well = hasQuorum && !isLeaving;
  const checks = [
    '[+]ping ok',
    hasQuorum ? '[+]etcd ok' : '[-]etcd failed: reason withheld',
    '[+]poststarthook/stub ok',
    isLeaving ? '[-]shutdown failed: reason withheld' : '[+]shutdown ok',
  ];
  const body =
    well && !verbose ? 'ok' : [...checks, well ? 'readyz check passed\n' : 'readyz check failed\n'].join('\n');
  return { status: well ? 200 : 500, body };
};

/** Nothing deprecated is ever asked for here; etcd's database is as small as memory makes it. */
const METRICS = [
  '# HELP apiserver_storage_size_bytes Size of the storage database file physically allocated in bytes.',
  '# TYPE apiserver_storage_size_bytes gauge',
  'apiserver_storage_size_bytes{storage_cluster_id="etcd-0"} 1.048576e+06',
  '',
].join('\n');

/** What says how the server is, and of which version; undefined where the path asks something else. */
export const aboutServer = (
  hasQuorum: boolean,
  { pathname, searchParams }: URL,
  served: Served | undefined,
): ApiAnswer | undefined => {
  switch (pathname) {
    case '/readyz':
      return health(hasQuorum, searchParams.has('verbose'), served?.isLeaving() === true);
    case '/healthz':
      return health(hasQuorum, searchParams.has('verbose'), false);
    case '/livez':
      return { status: 200, body: 'ok' };
    case '/metrics':
      return { status: 200, body: METRICS };
    case '/version':
      return served === undefined ? undefined : { status: 200, body: versionInfo(served.programs) };
    default:
      return undefined;
  }
};

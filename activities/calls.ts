/**
 * Calls: the one seam around everything that a worker sends to AWS, to Kubernetes and to the hub.
 *
 * Owns: what a call is, for whoever stands between: the fault matrix and measurements. Neighbours: the clients hand
 * every call through it; `worker/` adds which activity sends. Production passes calls straight on.
 * Invariant: I8 (a call is named by service, operation and path; no header, body or parameter).
 */

import type { AroundRequest } from '../kubernetes/transport.ts';

export type OutgoingCall = {
  /** `EC2`, `AutoScaling`, …; `management` or `cluster` for Kubernetes; `hub`. */
  readonly service: string;
  /** AWS's operation, or the HTTP method. */
  readonly operation: string;
  /** The path without its query; empty for AWS. */
  readonly target: string;
  readonly mutating: boolean;
};

/** Sends the call, or doesn't; passes its answer on, or another, or throws as the service's client would. */
export type AroundCall = <T>(call: OutgoingCall, send: () => Promise<T>) => Promise<T>;

export const straightOn: AroundCall = (_call, send) => send();

/** As a transport to an API server takes it. */
export const aroundKubernetes =
  (service: 'management' | 'cluster', aroundCall: AroundCall): AroundRequest =>
  ({ method, path }, send) =>
    aroundCall({ service, operation: method, target: path, mutating: method !== 'GET' }, send);

/**
 * Calls: the one seam around everything that a worker sends to AWS, to Kubernetes and to the hub.
 *
 * Owns: what a call is, for whoever stands between: the fault matrix and measurements. Neighbours: the three clients hand
 * every call through it; `worker/` adds which activity sends. Production passes calls straight on.
 * Invariant: I8 (a call is named by service, operation and path; no header, body or parameter).
 */

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

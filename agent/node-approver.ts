/**
 * Node approver: grants certificates to nodes that are what they say they are.
 *
 * Owns: watching certificate signing requests on this replica's own API server and writing the verdict. Every replica
 * runs one; no leader is needed because approving twice is the same as once, and those of higher index wait a moment so
 * that usually one asks EC2.
 * Neighbours: `machine/approval.ts` is the rule; kubelets and node agents make the requests; the controller manager
 * signs what is approved.
 * Invariant: I9 (every verdict says why, in the request's condition and in the log).
 */

import { readFile } from 'node:fs/promises';
import { claimOf, judge, NODE_SIGNERS, type NodeCertificateRequest } from '../machine/approval.ts';
import type { Ec2 } from './aws/ec2.ts';
import { readRequest } from './certificate-request.ts';
import { messageOf } from './failure.ts';
import { createKubernetes, type Kubernetes, reasonOf } from './kubernetes.ts';
import type { Log } from './log.ts';
import { again, done, pause, persist } from './persist.ts';

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const PACE = { firstMillis: 500, maxMillis: 5_000 };
/** Until the cluster's first add-on grants it, it may not even list them; then machines wait for it. */
const LIST_PACE = { firstMillis: 300, maxMillis: 1_000 };
const RETRY_MILLIS = 1_000;
const STAGGER_MILLIS = 1_000;
/** How long EC2 may take to show an instance that already boots. */
const UNKNOWN_MILLIS = 60_000;
const WATCH_SECONDS = 290;

type SigningRequest = {
  readonly metadata: { readonly name: string; readonly creationTimestamp: string };
  readonly spec: {
    readonly request: string;
    readonly signerName: string;
    readonly username?: string;
    readonly groups?: readonly string[];
    readonly usages?: readonly string[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
};

type SigningRequestList = {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly SigningRequest[];
};

export type NodeApproverOptions = {
  readonly server: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly authorityFile: string;
  readonly clusterId: string;
  readonly index: number;
  readonly ec2: Pick<Ec2, 'instancesNamed'>;
  readonly log: Log;
};

const isOpen = (request: SigningRequest): boolean =>
  NODE_SIGNERS.includes(request.spec.signerName) &&
  !(request.status?.conditions ?? []).some((each) => each.type === 'Approved' || each.type === 'Denied');

type Verdict = { readonly type: 'Approved' | 'Denied'; readonly message: string };

const decide = async (options: NodeApproverOptions, request: SigningRequest): Promise<Verdict | string> => {
  let read: NodeCertificateRequest;
  try {
    read = await readRequest(request.spec);
  } catch (thrown) {
    return { type: 'Denied', message: `The request cannot be read: ${messageOf(thrown)}` };
  }
  const claim = claimOf(read);
  if (claim.kind === 'deny') return { type: 'Denied', message: claim.reason };
  const approval = judge(read, claim, await options.ec2.instancesNamed(claim.name), options.clusterId);
  switch (approval.kind) {
    case 'approve':
      return { type: 'Approved', message: approval.reason };
    case 'deny':
      return { type: 'Denied', message: approval.reason };
    case 'unknown': {
      const age = Date.now() - Date.parse(request.metadata.creationTimestamp);
      return age > UNKNOWN_MILLIS
        ? { type: 'Denied', message: `${approval.reason}, a minute after it asked` }
        : approval.reason;
    }
  }
};

/** Sees one request through to its verdict, by whichever replica writes it. */
const settle = (
  options: NodeApproverOptions,
  kubernetes: Kubernetes,
  name: string,
  signal: AbortSignal,
): Promise<void> =>
  persist({
    what: `Deciding on certificate request ${name}`,
    log: options.log,
    signal,
    pace: PACE,
    attempt: async () => {
      const answer = await kubernetes.call('GET', `${REQUESTS}/${name}`);
      if (answer.status === 404) return done(undefined);
      if (answer.status !== 200) throw new Error(reasonOf(answer));
      const request = answer.body as SigningRequest;
      if (!isOpen(request)) return done(undefined);
      const verdict = await decide(options, request);
      if (typeof verdict === 'string') return again(verdict);
      const update = await kubernetes.call('PUT', `${REQUESTS}/${name}/approval`, {
        ...request,
        status: {
          ...request.status,
          conditions: [
            ...(request.status?.conditions ?? []),
            { type: verdict.type, status: 'True', reason: 'SlipwayNodeApprover', message: verdict.message },
          ],
        },
      });
      if (update.status === 409) return again('another replica changed it meanwhile');
      if (update.status !== 200) throw new Error(reasonOf(update));
      const say = verdict.type === 'Approved' ? options.log.info : options.log.warn;
      say(`Certificate request ${name} of ${request.spec.username ?? 'nobody'} is ${verdict.type.toLowerCase()}`, {
        signer: request.spec.signerName,
        why: verdict.message,
      });
      return done(undefined);
    },
  });

const connect = async (options: NodeApproverOptions): Promise<Kubernetes> => {
  const [certificate, key, authority] = await Promise.all([
    readFile(options.certificateFile, 'utf8'),
    readFile(options.keyFile, 'utf8'),
    readFile(options.authorityFile, 'utf8'),
  ]);
  return createKubernetes({
    server: options.server,
    authority,
    credentials: { kind: 'certificate', certificate, key },
  });
};

/** Takes the requests that there are, then each that comes or changes, until the server ends the watch. */
const watchOnce = async (
  kubernetes: Kubernetes,
  take: (request: SigningRequest) => void,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const list = await persist({
    what: 'Listing certificate requests',
    log,
    signal,
    pace: LIST_PACE,
    attempt: async () => {
      const answer = await kubernetes.call('GET', REQUESTS);
      if (answer.status !== 200) throw new Error(reasonOf(answer));
      return done(answer.body as SigningRequestList);
    },
  });
  for (const request of list.items) take(request);
  const watch = `${REQUESTS}?watch=1&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=${WATCH_SECONDS}`;
  for await (const event of kubernetes.watch(watch, signal)) {
    if (event.type === 'ERROR') break;
    if (event.type === 'ADDED' || event.type === 'MODIFIED') take(event.object as SigningRequest);
  }
};

/** Watches and decides until the signal is aborted. The certificate is read anew with each watch. */
export const runNodeApprover = async (approver: NodeApproverOptions, signal: AbortSignal): Promise<void> => {
  const log = approver.log.with({ component: 'node-approver' });
  const options = { ...approver, log };
  const inHand = new Set<string>();
  const take = (request: SigningRequest): void => {
    const { name } = request.metadata;
    if (!isOpen(request) || inHand.has(name)) return;
    inHand.add(name);
    void (async () => {
      let kubernetes: Kubernetes | undefined;
      try {
        await pause(options.index * STAGGER_MILLIS, signal);
        kubernetes = await connect(options);
        await settle(options, kubernetes, name, signal);
      } catch (thrown) {
        if (!signal.aborted) log.error(`Certificate request ${name} stays undecided: ${messageOf(thrown)}`);
      } finally {
        kubernetes?.close();
        inHand.delete(name);
      }
    })();
  };

  while (!signal.aborted) {
    const kubernetes = await connect(options);
    try {
      await watchOnce(kubernetes, take, log, signal);
    } catch (thrown) {
      if (signal.aborted) break;
      log.warn(`Certificate requests are no longer watched, tried again: ${messageOf(thrown)}`);
      // It rejects only when it is told to stop, which the loop sees by itself.
      await pause(RETRY_MILLIS, signal).catch(() => undefined);
    } finally {
      kubernetes.close();
    }
  }
};

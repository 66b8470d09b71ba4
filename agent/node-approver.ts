/**
 * Node approver: grants certificates to nodes that are what they say they are.
 *
 * Owns: watching certificate signing requests on this replica's own API server and writing the verdict. Every replica
 * runs one; no leader is needed because approving twice is the same as once, and those of higher index wait a moment so
 * that usually one asks EC2.
 * Neighbours: `machine/approval.ts` is the rule; `kubernetes/list-watch.ts` watches; kubelets and node agents make the requests; the controller manager
 * signs what is approved.
 * Invariant: I9 (every verdict says why, in the request's condition and in the log).
 */

import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { createCredentials } from '../kubernetes/credentials.ts';
import { isExpired } from '../kubernetes/errors.ts';
import { listWatch } from '../kubernetes/list-watch.ts';
import { collectionPath } from '../kubernetes/resources.ts';
import { createSource } from '../kubernetes/source.ts';
import { claimOf, judge, NODE_SIGNERS, type NodeCertificateRequest } from '../machine/approval.ts';
import { messageOf, wholeMessageOf } from '../words/failure.ts';
import type { Ec2 } from './aws/ec2.ts';
import { readRequest } from './certificate-request.ts';
import { callsOver, type Kubernetes, reasonOf, transportTo } from './kubernetes.ts';
import type { Log } from './log.ts';
import { again, done, onlyNews, pause, persist } from './persist.ts';

const REQUEST = { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest' };
const REQUESTS = collectionPath(REQUEST);
const PACE = { firstMillis: 500, maxMillis: 5_000 };
const RETRY_MILLIS = 1_000;
const STAGGER_MILLIS = 1_000;
/** How long EC2 may take to show an instance that already boots. */
const UNKNOWN_MILLIS = 60_000;
const WATCH = { watchSeconds: { least: 290, most: 290 } };
/** The safety net under the watch. */
const RELIST_MILLIS = 300_000;

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
    return { type: 'Denied', message: `The request cannot be read: ${wholeMessageOf(thrown)}` };
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

/** What is kept in mind of each request that is there; whoever settles one reads it. */
type Seen = { readonly uid: string; readonly name: string; readonly isOpen: boolean };

const seen = (object: KubernetesObject): Seen => ({
  uid: object.metadata.uid ?? '',
  name: object.metadata.name,
  isOpen: isOpen(object as unknown as SigningRequest),
});

/** Watches and decides until the signal is aborted. The certificate is read anew when it has changed. */
export const runNodeApprover = async (approver: NodeApproverOptions, signal: AbortSignal): Promise<void> => {
  const log = approver.log.with({ component: 'node-approver' });
  const options = { ...approver, log };
  const { server, authorityFile, certificateFile, keyFile } = options;
  const transport = transportTo({
    server,
    credentials: createCredentials(
      { name: 'this replica', server, caFile: authorityFile, skipTLSVerify: false },
      { name: 'node approver', certFile: certificateFile, keyFile },
    ),
  });
  const kubernetes = callsOver(transport);
  const inHand = new Set<string>();
  const take = ({ name, isOpen: open }: Seen): void => {
    if (!open || inHand.has(name)) return;
    inHand.add(name);
    void (async () => {
      try {
        await pause(options.index * STAGGER_MILLIS, signal);
        await settle(options, kubernetes, name, signal);
      } catch (thrown) {
        if (!signal.aborted) log.error(`Certificate request ${name} stays undecided: ${wholeMessageOf(thrown)}`);
      } finally {
        inHand.delete(name);
      }
    })();
  };
  const news = onlyNews();
  await listWatch({
    source: createSource(transport, REQUEST, seen, WATCH),
    report: ({ type, object }) => {
      if (type === 'changed') take(object);
    },
    signal,
    relistMs: RELIST_MILLIS,
    // Until the cluster's first add-on grants it, it may not even list them; then machines wait for it.
    backoff: () => RETRY_MILLIS,
    onTrouble: (_what, error) => {
      // In the ordinary course of things.
      if (isExpired(error)) return;
      news(`Certificate requests are not watched, tried again: ${messageOf(error)}`, (why) => log.warn(why));
    },
  });
  kubernetes.close();
};

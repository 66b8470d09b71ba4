/**
 * A real API server that plays both APIs, the management API and a user cluster's, for one test file: its certificate is
 * signed by the very authority that the cluster's root CA Secret holds. The seed's cluster and its first pool are applied.
 */
import { join } from 'node:path';
import { createAuthority } from '../../../activities/kubernetes/certificates.ts';
import { kubernetesDrivers } from '../../../activities/kubernetes/drivers.ts';
import { connectManagement } from '../../../activities/kubernetes/management.ts';
import {
  createServedCertificates,
  type ServedCertificates,
} from '../../../activities/kubernetes/served-certificates.ts';
import {
  connectUserClusters,
  createUserClusterCache,
  type UserClusters,
} from '../../../activities/kubernetes/user-cluster.ts';
import { createSteps, type Drivers } from '../../../activities/steps.ts';
import { verdictOf } from '../../../activities/verdicts.ts';
import { clusterIdOf, nodePoolIdOf } from '../../../api/names.ts';
import type { ObjectRef } from '../../../api/object.ts';
import type { Resource } from '../../../kinds/resource.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import type { StepVerb } from '../../../words/steps.ts';
import { seedManifest } from '../../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../../support/api-server.ts';
import { type ConnectProxy, startConnectProxy } from '../../support/connect-proxy.ts';
import { request } from './wanted.ts';

/** Where the user cluster answers, through `proxy`. */
export const NLB = 'gke-test-controlplane-0123456789abcdef.elb.eu-west-1.amazonaws.com';

const ROOT = join(import.meta.dirname, '../../..');

type Steps = ReturnType<typeof createSteps>;
type SecretContent =
  | { readonly type: 'certificate-authority'; readonly commonName: string }
  | { readonly type: 'bootstrap-token' };

export type BothApis = Pick<ApiServerForTests, 'server' | 'call'> & {
  readonly proxy: ConnectProxy;
  readonly management: KubernetesClient;
  readonly userClusters: UserClusters;
  /** What the user cluster's API server showed to those. */
  readonly served: ServedCertificates;
  readonly cluster: ObjectRef;
  readonly pool: ObjectRef;
  readonly clusterId: string;
  readonly poolId: string;
  /** Runs a step for the cluster, or for another object. */
  readonly run: (
    verb: StepVerb,
    resource: Resource,
    object?: ObjectRef,
    overrides?: Parameters<typeof request>[3],
  ) => ReturnType<Steps[StepVerb]>;
  readonly create: (manifest: Readonly<Record<string, unknown>> & { readonly kind: string }) => Promise<ObjectRef>;
  /** What kubectl printed; its failure is an error. */
  readonly kubectl: (...args: readonly string[]) => Promise<string>;
  /** A Secret of the cluster, by the last part of its name. */
  readonly secret: (name: string, content: SecretContent) => Resource;
  readonly stop: () => Promise<void>;
};

/** How an error is judged. That nothing failed is an error, too. */
export const judged = async (promise: Promise<unknown>): Promise<ReturnType<typeof verdictOf>> =>
  promise.then(
    (value) => {
      throw new Error(`it succeeded: ${JSON.stringify(value)}`);
    },
    (error: unknown) => verdictOf(error),
  );

/** Applies manifests to `api`, each once. */
export const createIn =
  (api: Pick<ApiServerForTests, 'call'>): BothApis['create'] =>
  async (manifest) => {
    const plural = manifest.kind === 'AWSCluster' ? 'awsclusters' : 'awsnodepools';
    const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/${plural}`;
    const { status, body } = await api.call('POST', path, manifest);
    if (status !== 201) throw new Error(JSON.stringify(body));
    const { kind, metadata } = body as { kind: ObjectRef['kind']; metadata: { name: string; uid: string } };
    return { kind, namespace: 'default', name: metadata.name, uid: metadata.uid };
  };

export const startBothApis = async (): Promise<BothApis> => {
  const authority = await createAuthority('test root');
  const api = await startApiServer({ authority, dnsNames: [NLB], more: ['--enable-bootstrap-token-auth'] });
  const closing: (() => Promise<void>)[] = [api.stop];
  const stop = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    await api.installCrds(join(ROOT, 'deploy/crds'));
    const proxy = await startConnectProxy({ [`${NLB}:443`]: new URL(api.server).host });
    closing.push(proxy.close);
    const management = connectManagement(api.kubeconfig);
    closing.push(management.close);
    const create = createIn(api);
    const cluster = await create(seedManifest('cluster-0'));
    const pool = await create(seedManifest('cluster-0-pool-0'));
    const clusterId = clusterIdOf(cluster.uid);
    await api.call('POST', '/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: `${clusterId}-root-ca` },
      stringData: { 'tls.crt': authority.certificate, 'tls.key': authority.key },
    });
    const served = createServedCertificates();
    const userClusters = connectUserClusters({ management, cache: createUserClusterCache(), proxy: proxy.url, served });
    // Only kinds of this room are asked for here.
    const steps = createSteps(
      kubernetesDrivers({
        launchTroubles: () => Promise.resolve([]),
        sizeOf: () => Promise.resolve(undefined),
        management,
        userClusters,
      }) as unknown as Drivers,
    );
    return {
      server: api.server,
      call: api.call,
      proxy,
      management,
      userClusters,
      served,
      cluster,
      pool,
      clusterId,
      poolId: nodePoolIdOf(pool.uid),
      run: (verb, resource, object = cluster, overrides = {}) =>
        steps[verb](request(verb, resource, object, { clusterUid: cluster.uid, ...overrides }), {
          signal: new AbortController().signal,
          since: Date.now(),
          attempt: 1,
        }),
      create,
      kubectl: async (...args) => {
        const ran = await api.kubectl(args);
        if (ran.code !== 0) throw new Error(ran.stderr);
        return ran.stdout;
      },
      secret: (name, content) => ({
        key: `secret/${name}`,
        kind: 'secret',
        properties: {
          namespace: 'default',
          name: content.type === 'bootstrap-token' ? `${clusterId}-${name}-token` : `${clusterId}-${name}`,
          content,
        },
      }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

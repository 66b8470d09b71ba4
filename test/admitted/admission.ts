/**
 * Admission as a management cluster has it: a real API server with the CRDs, and the webhook's judge.
 *
 * Owns: both asked of one object, which is never stored, so that a property may ask thousands of times.
 */
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { createJudge } from '../../client/admission/judge.ts';
import { readOtherCluster, valueOf } from '../../client/admission/objects.ts';
import { ROOT } from '../api/manifests.ts';
import { startApiServer } from '../support/api-server.ts';
import type { Written } from './generated.ts';

const PLURALS = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' } as const;

type Stored = { readonly metadata: { readonly name: string; readonly uid: string } };

export type Admission = {
  /** The object as it would be stored, its uid included, or undefined where it is refused. `cluster`: what is there beside it. */
  readonly admitted: (object: Written, cluster?: Stored) => Promise<Stored | undefined>;
  readonly stop: () => Promise<void>;
};

export const startAdmission = async (): Promise<Admission> => {
  const api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));

  const stored = async (object: Written): Promise<Stored | undefined> => {
    const path = `/apis/multicloud.cluster.gke.io/v1/namespaces/default/${PLURALS[object.kind]}?dryRun=All&fieldValidation=Strict`;
    const { status, body } = await api.call('POST', path, object);
    if (status === 201) return body as Stored;
    expect([400, 422]).toContain(status);
    return undefined;
  };

  return {
    stop: () => api.stop(),
    admitted: async (object, cluster) => {
      const asStored = await stored(object);
      if (asStored === undefined) return undefined;
      const others = {
        cluster: async (_namespace: string, name: string) =>
          cluster?.metadata.name === name ? valueOf(readOtherCluster(cluster)) : undefined,
        poolsOf: async () => [],
      };
      const judge = createJudge({ others, exempt: new Set() });
      const { name, namespace } = object.metadata;
      const asked = { kind: object.kind, operation: 'CREATE', namespace, name, username: 'somebody' } as const;
      const { refusals } = await judge({ ...asked, object: asStored, oldObject: null });
      if (refusals.length > 0) return undefined;
      return { ...asStored, metadata: { ...asStored.metadata, resourceVersion: '1' } } as Stored;
    },
  };
};

/**
 * Trial: what the API server would say to an object that nobody stores, as `kubectl apply --dry-run=server` asks it.
 *
 * Owns: telling a refusal of the object from one of the user: who may only read may still ask what a change would do. Neighbours:
 * `management.ts` reads objects; `cli/plan-file.ts` asks.
 */
import { API_VERSION } from '../api/names.ts';
import { transportTo } from '../kubernetes/access.ts';
import { createClient } from '../kubernetes/client.ts';
import { isRefusedToUser, KubernetesError } from '../kubernetes/errors.ts';
import { openAccess } from './access.ts';
import type { ClientConfiguration } from './configuration.ts';
import type { Named } from './management.ts';
import { explain } from './refusal.ts';

type Tried =
  | { readonly kind: 'taken' }
  /** In the API server's own words. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** This user may not change it, so that nobody judged it. */
  | { readonly kind: 'not asked'; readonly reason: string };

/** A merge patch of an object that is there, or a new one. */
export type Change = { readonly patch: object } | { readonly create: object };

export type TryOut = (name: Named, change: Change) => Promise<Tried>;

const DEADLINE_MS = 15_000;

/** Invalid, malformed, or refused by a policy. */
const REFUSALS: ReadonlySet<number> = new Set([400, 403, 422]);

/** Throws a `UserError` where there is no answer, or one that says nothing of the object. */
export const tryOut = (configuration: Pick<ClientConfiguration, 'kubeconfig' | 'context'>): TryOut => {
  const access = openAccess(configuration);
  const client = createClient(transportTo(access, { deadlineMs: DEADLINE_MS }), 'slipway-plan');
  return async ({ kind, namespace, name }, change) => {
    const options = { signal: AbortSignal.timeout(DEADLINE_MS), dryRun: true } as const;
    const object = { apiVersion: API_VERSION, kind };
    try {
      if ('patch' in change) await client.patch({ ...object, namespace, name }, change.patch, options);
      else await client.create({ ...change.create, ...object, metadata: { namespace, name } }, options);
      return { kind: 'taken' };
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw explain(error, `${kind} ${namespace}/${name}`, access);
      const { status, explanation: reason } = error;
      if (isRefusedToUser(error)) return { kind: 'not asked', reason };
      if (REFUSALS.has(status)) return { kind: 'refused', reason };
      throw explain(error, `${kind} ${namespace}/${name}`, access);
    }
  };
};

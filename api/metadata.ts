/**
 * Metadata: what Kubernetes itself keeps about an object, as far as Slipway reads it.
 *
 * Owns: the difference between a manifest, as people write it, and a stored object, as the API server returns it.
 * Neighbours: `cluster.ts` and `nodepool.ts` add `spec` and `status`. The CRD takes metadata from Kubernetes, not from here.
 */
import { z } from 'zod';

const strings = z.record(z.string(), z.string());

const common = {
  name: z.string().min(1),
  labels: strings.exactOptional(),
  annotations: strings.exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
};

/** Metadata of a manifest. */
export const manifestMetadata = z.object({ ...common, namespace: z.string().exactOptional() });

/** Metadata of an object that the API server has stored. */
export const storedMetadata = z.object({
  ...common,
  namespace: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string(),
  /** Set once somebody asked to delete the object; together with our finalizer the only order to delete there is. */
  deletionTimestamp: z.string().exactOptional(),
});

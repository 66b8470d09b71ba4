/**
 * Peers: what others take for the same, so that a figure of ours says something.
 *
 * Owns: the figures and their sources. Those of Cluster API were measured in the same local account (CAPA v2.13.0, CAPI
 * v1.13.6, the network given, three control-plane and three worker machines, no boot time, two cores, the seed's
 * latencies); others are as published.
 */

export const CAPA = {
  source: 'Cluster API Provider AWS v2.13.0, measured on this double',
  createCalls: { least: 204, most: 233 },
  createMutating: { least: 44, most: 47 },
  /** Until it is quiet after the create. */
  callsUntilQuiet: { least: 83, most: 168 },
  createSeconds: { least: 32, most: 32.5 },
  createSecondsWithoutLatency: 18.1,
  deleteSeconds: { least: 20, most: 21 },
  deleteCalls: 165,
  deleteMutating: 22,
  /** One resync of an idle cluster, each ten minutes by default. */
  resyncCalls: 115,
  resyncMutating: 2,
  resyncsPerHour: 6,
  /** Two nodes, published: kubernetes-sigs/cluster-api-provider-aws #4192. */
  describesOfTwoNodes: { least: 231, most: 288 },
} as const;

export const CAPI_SCALE = {
  source: 'Cluster API with metal3, 1,000 clusters, tuned, 32 cores (Nordix/metal3-clusterapi-docs)',
  gibibytes: 1.9 + 1.3,
  idleCores: 16.5 + 2.5,
  minutes: 255,
} as const;

export const range = ({ least, most }: { readonly least: number; readonly most: number }): string => `${least}-${most}`;

/**
 * Versions: of which versions the clusters of the matrix are, and to which they go. Owns: the list. Pure.
 */

/** A pool's, and those of its cluster's control plane. */
export const POOL_VERSIONS = { older: '1.16.9-gke.12', newer: '1.37.2-gke.1' } as const;
/** What a control plane is upgraded from and to: the newer one serves as the older one's minor until it is committed. */
export const CONTROL_PLANE_VERSIONS = { older: '1.36.3-gke.1', newer: '1.37.2-gke.1' } as const;

/**
 * Served certificates: what the API servers of clusters showed to whoever of this worker connected to them.
 *
 * Owns: keeping the newest of each replica for as long as it says something of today. Costs no request: every connection that a worker
 * makes is shown one, by whichever replica the load balancer chose, so that within some sweeps all of them were seen. Neighbours:
 * `user-cluster.ts` connects, `certificate-sweep.ts` asks. Invariant: I12 (a replica that was not reached is not spoken of).
 */
import type { ServedCertificate } from '../../kubernetes/connections.ts';
import type { SeenCertificate } from '../../policy/certificates.ts';

export type ServedCertificates = {
  readonly note: (clusterId: string, certificate: ServedCertificate) => void;
  readonly of: (clusterId: string) => readonly SeenCertificate[];
};

/** Sweeps connect every ten minutes, a third of the connections to each replica; one that was not met for so long is gone. */
const KEPT_MS = 12 * 3_600_000;

type Noted = SeenCertificate & { readonly clusterId: string; readonly at: number };

export const createServedCertificates = (now: () => number = Date.now): ServedCertificates => {
  const noted = new Map<string, Noted>();
  return {
    note: (clusterId, { addresses, notBefore, notAfter }) => {
      for (const [key, { at }] of noted) if (at + KEPT_MS <= now()) noted.delete(key);
      // The first is the address that a replica keeps for good; the others are of them all.
      const [address = 'an unknown address'] = addresses;
      const object = `the certificate that the API server at ${address} shows`;
      noted.set(`${clusterId} ${address}`, { kind: 'api-server', clusterId, object, notBefore, notAfter, at: now() });
    },
    of: (clusterId) =>
      [...noted.values()]
        .filter((one) => one.clusterId === clusterId && one.at + KEPT_MS > now())
        .map(({ kind, object, notBefore, notAfter }) => ({ kind, object, notBefore, notAfter })),
  };
};

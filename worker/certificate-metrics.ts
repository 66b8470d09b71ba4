/**
 * Metrics of certificates: when the first of each kind ends, as sweeps have seen them.
 *
 * Owns: name and meaning, and for how long what was seen counts. Neighbours: `activities/certificate-sweep.ts` looks, `metrics.ts` has the registry.
 */
import { Gauge, type Registry } from 'prom-client';

/** Of an authority, or of what an API server shows; its end in epoch milliseconds. */
export type EndingCertificate = { readonly kind: string; readonly notAfter: number };

/** Is told which certificates of a cluster were seen, by each sweep. */
export type TellCertificates = (clusterId: string, seen: readonly EndingCertificate[]) => void;

/** Of a cluster that no sweep of this worker met for so long nothing is said: it is gone, or another worker knows better. */
const MET_MS = 3 * 3_600_000;

/**
 * The earliest end of each kind, over all clusters. Each worker knows what its own sweeps saw, so take the minimum of them. Which cluster
 * it is, the condition `CertificatesExpiring` says.
 */
export const gaugeCertificates = (registers: Registry[], now: () => number): TellCertificates => {
  const met = new Map<string, { readonly at: number; readonly seen: readonly EndingCertificate[] }>();
  new Gauge({
    name: 'slipway_certificate_earliest_end_seconds',
    help: 'Seconds until the first certificate ends, over all clusters that are at rest, by kind (authority, which nobody renews, or api-server, which agents do); negative once it has ended; the minimum over all workers counts',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [clusterId, { at }] of met) if (at + MET_MS <= now()) met.delete(clusterId);
      const all = [...met.values()].flatMap(({ seen }) => seen);
      for (const kind of new Set(all.map((one) => one.kind))) {
        const ends = all.filter((one) => one.kind === kind).map(({ notAfter }) => notAfter);
        this.set({ kind }, (Math.min(...ends) - now()) / 1_000);
      }
    },
  });
  return (clusterId, seen) => void met.set(clusterId, { at: now(), seen });
};

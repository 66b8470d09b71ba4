/**
 * Reservation: what of a node's CPU and memory is not for pods.
 *
 * Owns: the reservations that EKS made common: CPU in bands, of which each further one costs less, and memory by the number of
 * pods, since each costs the kubelet and the container runtime some. Neighbours: `node-components.ts` tells the kubelet.
 */

/** What a kubelet keeps free beside it: below, it evicts. */
export const EVICTION_MEMORY_MIB = 100;

const BANDS = [
  { upTo: 1, millis: 60 },
  { upTo: 2, millis: 10 },
  { upTo: 4, millis: 5 },
  { upTo: Number.POSITIVE_INFINITY, millis: 2.5 },
] as const;

export type Reservation = { readonly cpuMillis: number; readonly memoryMiB: number };

export const reservationOf = (cpus: number, maxPods: number): Reservation => {
  let reserved = 0;
  let from = 0;
  for (const band of BANDS) {
    reserved += Math.max(0, Math.min(cpus, band.upTo) - from) * band.millis;
    from = band.upTo;
  }
  return { cpuMillis: Math.ceil(reserved), memoryMiB: 255 + 11 * Math.min(maxPods, 110) };
};

/**
 * Instance types: how much CPU and memory a node of an EC2 type offers.
 *
 * Owns: reading it from the type's name, whose grammar AWS keeps: a family letter says memory per CPU, the size says how
 * many CPUs. On a real machine the kubelet measures; this is for hosts whose kubelet is played.
 * Neighbours: `node.ts`.
 */

export type Capacity = { readonly cpus: number; readonly memoryMiB: number };

/** Memory in MiB per CPU, by the family's first letter: compute, general, memory. */
const memoryPerCpu: Readonly<Record<string, number>> = { c: 2048, m: 4096, r: 8192, x: 16384, i: 8192, d: 4096 };

/** Burstable sizes do not follow the rule. */
const burstable: Readonly<Record<string, Capacity>> = {
  nano: { cpus: 2, memoryMiB: 512 },
  micro: { cpus: 2, memoryMiB: 1024 },
  small: { cpus: 2, memoryMiB: 2048 },
  medium: { cpus: 2, memoryMiB: 4096 },
  large: { cpus: 2, memoryMiB: 8192 },
};

const cpusOf = (size: string): number | undefined => {
  if (size === 'medium') return 1;
  if (size === 'large') return 2;
  const multiple = /^(\d*)xlarge$/.exec(size);
  return multiple === null ? undefined : 4 * Number(multiple[1] === '' ? 1 : multiple[1]);
};

/** What the type offers, or what the smallest node needs when its name is unknown. */
export const capacityOf = (instanceType: string): Capacity => {
  const [family = '', size = ''] = instanceType.split('.');
  const letter = family.slice(0, 1);
  const small = letter === 't' ? burstable[size] : undefined;
  if (small !== undefined) return small;
  const cpus = cpusOf(size);
  return cpus === undefined ? { cpus: 2, memoryMiB: 4096 } : { cpus, memoryMiB: cpus * (memoryPerCpu[letter] ?? 4096) };
};

/** What of it pods may use; the rest is the system's, by the reservations that EKS made common. */
export const allocatableOf = (capacity: Capacity, maxPods: number): { cpuMillis: number; memoryMiB: number } => {
  const bands = [
    { upTo: 1, millis: 60 },
    { upTo: 2, millis: 10 },
    { upTo: 4, millis: 5 },
    { upTo: Number.POSITIVE_INFINITY, millis: 2.5 },
  ];
  let reserved = 0;
  let from = 0;
  for (const band of bands) {
    reserved += Math.max(0, Math.min(capacity.cpus, band.upTo) - from) * band.millis;
    from = band.upTo;
  }
  return {
    cpuMillis: capacity.cpus * 1000 - Math.ceil(reserved),
    memoryMiB: Math.max(256, capacity.memoryMiB - 255 - 11 * Math.min(maxPods, 110) - 100),
  };
};

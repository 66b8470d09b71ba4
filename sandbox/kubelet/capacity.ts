/**
 * Capacity: how much CPU and memory a node of an EC2 type offers.
 *
 * Owns: reading it from the type's name, whose grammar AWS keeps: a family letter says memory per CPU, the size says how
 * many CPUs. A kubelet measures; one that is played has no machine to measure.
 * Neighbours: `node-object.ts` reports it; `machine/reservation.ts` says what of it is not for pods, and `settings.ts` reads it.
 */
import type { KubeletSettings } from './settings.ts';

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

/** What of it pods may use: a type that is too small for what is reserved still takes a few. */
export const allocatableOf = (
  capacity: Capacity,
  { reserved, evictionMemoryMiB }: Pick<KubeletSettings, 'reserved' | 'evictionMemoryMiB'>,
): { readonly cpuMillis: number; readonly memoryMiB: number } => ({
  cpuMillis: capacity.cpus * 1000 - reserved.cpuMillis,
  memoryMiB: Math.max(256, capacity.memoryMiB - reserved.memoryMiB - evictionMemoryMiB),
});

/** Families from before Nitro: their volumes have a limit of their own. */
const BEFORE_NITRO = /^(t2|m[1-4]|c[1-4]|r[34]|i[23]|d2|x1e?|g3|p[23])\./;

/**
 * How many volumes a driver may attach to a machine that has one for its root and one network interface. The types of the newest
 * families, which count volumes apart from interfaces, take a few more.
 */
export const attachableVolumes = (instanceType: string): number => (BEFORE_NITRO.test(instanceType) ? 39 : 27) - 1;

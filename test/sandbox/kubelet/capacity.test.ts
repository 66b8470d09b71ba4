import { describe, expect, test } from '@jest/globals';
import { EVICTION_MEMORY_MIB, reservationOf } from '../../../machine/reservation.ts';
import { allocatableOf, attachableVolumes, capacityOf } from '../../../sandbox/kubelet/capacity.ts';

describe('Capacity by instance type', () => {
  test.each([
    ['m5.large', 2, 8192],
    ['c6i.2xlarge', 8, 16384],
    ['r7g.4xlarge', 16, 131072],
    ['t3.medium', 2, 4096],
    ['t3.xlarge', 4, 16384],
    ['m5.24xlarge', 96, 393216],
    ['unheard-of', 2, 4096],
  ])('%s has %d CPUs and %d MiB', (type, cpus, memoryMiB) => {
    expect(capacityOf(type)).toEqual({ cpus, memoryMiB });
  });

  test('leaves pods less than there is, and more than nothing', () => {
    const told = { reserved: reservationOf(2, 110), evictionMemoryMiB: EVICTION_MEMORY_MIB };
    const allocatable = allocatableOf({ cpus: 2, memoryMiB: 8192 }, told);
    expect(allocatable.cpuMillis).toBe(1930);
    expect(allocatable.memoryMiB).toBeLessThan(8192);
    expect(allocatableOf({ cpus: 2, memoryMiB: 512 }, told).memoryMiB).toBeGreaterThan(0);
  });

  test.each([
    ['t3.medium', 26],
    ['m5.large', 26],
    ['m4.large', 38],
  ])('says that %s takes %d volumes beside its own', (type, count) => {
    expect(attachableVolumes(type)).toBe(count);
  });
});

import { describe, expect, test } from '@jest/globals';
import { machineInKey, poolGroupKey, poolMachine, poolOfKey, replicaMachine, templateKey } from '../../words/keys.ts';

describe('a key', () => {
  test.each([
    [templateKey(replicaMachine(1), '1.36.3-gke.1'), 'controlplane-1'],
    [templateKey(poolMachine('1a2b3c4d'), '1.36.3-gke.1'), 'nodepool-1a2b3c4d'],
    ['auto-scaling-group/controlplane-2', 'controlplane-2'],
    ['etcd-volume/0', 'controlplane-0'],
  ])('%s is about the machine %s', (key, machine) => {
    expect(machineInKey(key)).toBe(machine);
  });

  test.each([
    [templateKey(poolMachine('1a2b3c4d'), '1.36.3-gke.1'), '1a2b3c4d'],
    [poolGroupKey('1a2b3c4d'), '1a2b3c4d'],
    ['secret/nodepool-1a2b3c4d', '1a2b3c4d'],
    ['join-token/1a2b3c4d', '1a2b3c4d'],
    [templateKey(replicaMachine(1), '1.36.3-gke.1'), undefined],
    ['security-group/nodepool', undefined],
  ])('%s is of pool %s', (key, pool) => {
    expect(poolOfKey(key)).toBe(pool);
  });
});

import { describe, expect, test } from '@jest/globals';
import { renewalTime, replicaCertificates } from '../../machine/certificates.ts';
import { MACHINE_DIFFERENCES } from '../../sandbox/differences.ts';
import { replicaConfiguration } from './examples.ts';

const addresses = { fixed: '10.0.2.10', primary: '10.0.2.77' };
const leaves = replicaCertificates(replicaConfiguration(), addresses);
const leaf = (name: string, from = leaves) => {
  const found = from.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no leaf ${name}`);
  return found;
};

describe('Certificates of a replica', () => {
  test('the API server is known by the load balancer, the Service and its own address', () => {
    expect(leaf('kube-apiserver')).toMatchObject({
      authority: 'root',
      usages: ['server'],
      dnsNames: expect.arrayContaining([replicaConfiguration().endpoint, 'kubernetes.default.svc']),
      addresses: ['10.0.2.10', '10.96.0.1'],
    });
  });

  test('etcd peers are accepted from both addresses of the machine, and from 127.0.0.1 in the sandbox only', () => {
    expect(leaf('etcd-peer').addresses).toEqual(['10.0.2.10', '10.0.2.77']);
    const sandbox = replicaCertificates(replicaConfiguration(), addresses, MACHINE_DIFFERENCES);
    expect(leaf('etcd-peer', sandbox).addresses).toEqual(['10.0.2.10', '10.0.2.77', '127.0.0.1']);
    expect(leaf('kube-apiserver', sandbox).addresses).not.toContain('127.0.0.1');
  });

  test('every client has an identity of its own, and none is an administrator', () => {
    const clients = leaves.filter((each) => each.authority === 'root' && each.usages.includes('client'));
    expect(new Set(clients.map((each) => each.commonName)).size).toBe(clients.length);
    expect(leaves.flatMap((each) => each.organizations)).toEqual(['slipway:kubelet-api']);
  });

  test('names of files are unique', () => {
    expect(new Set(leaves.map((each) => each.name)).size).toBe(leaves.length);
  });

  test('renewal is due at two thirds of life', () => {
    expect(renewalTime({ notBefore: 1_000, notAfter: 4_000 })).toBe(3_000);
  });
});

/** What people reported elsewhere of what grew until nobody took it any more: names in certificates, and what Temporal is handed. */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { createAuthority } from '../../activities/kubernetes/certificates.ts';
import { issueCertificate } from '../../activities/kubernetes/credentials.ts';
import { TAG_LIMITS } from '../../api/aws-limits.ts';
import { replicaCertificates } from '../../machine/certificates.ts';
import { nodeUserOf, privateDnsNameOf } from '../../machine/node.ts';
import { generateKeyPair } from '../../machine/x509.ts';
import { planEnsure } from '../../policy/ensure.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { replicaConfiguration } from '../machine/examples.ts';
import { EMPTY } from '../policy/account.ts';
import { release, seedCluster } from '../topology/objects.ts';

// https://github.com/canonical/microk8s/issues/4635, https://github.com/kubernetes-sigs/kubebuilder/issues/1012: X.509's ub-common-name
describe('A common name has no more than 64 characters', () => {
  const LONGEST = 64;

  test('of whatever a replica issues to itself', () => {
    const configuration = replicaConfiguration({ clusterId: 'gke-ffffffff', index: 2 });
    const names = replicaCertificates(configuration, { fixed: '10.0.2.10', primary: '10.0.2.77' });
    for (const { commonName } of names) expect(commonName.length).toBeLessThanOrEqual(LONGEST);
  });

  test.each(['ip-255-255-255-255', 'i-0123456789abcdef0'])(
    'of a node %s, in the region with the longest name',
    (host) => {
      const instance = { id: 'i-0123456789abcdef0', address: '255.255.255.255', region: 'ap-southeast-10' };
      const name = privateDnsNameOf(instance, `${host}.a-domain-of-its-own.and-one-more-below.example.com`);
      expect(name).toMatch(new RegExp(`^${host}\\.`));
      expect(nodeUserOf(name).length).toBeLessThanOrEqual(LONGEST);
    },
  );

  test.each([
    [56, 'a name of 56 characters stands in it', /^slipway:a{56}$/],
    [57, 'a longer one is left out', /^slipway:admin$/],
  ])('of a person: %i', async (length, _what, expected) => {
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: `CN=${'a'.repeat(length)}`,
      keys: await generateKeyPair(),
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    });
    const issued = await issueCertificate(request.toString('pem'), 3600, await createAuthority('root'));
    const name = /CN=(.*)$/m.exec(new X509Certificate(issued.certificate).subject)?.[1];
    expect(name).toMatch(expected);
    expect(name?.length).toBeLessThanOrEqual(LONGEST);
  });
});

// https://github.com/PeerDB-io/peerdb/issues/2041, https://github.com/datazip-inc/olake-helm/pull/60: 2 MB for one value, 4 MB for one call
describe('The plan of a cluster with as many tags as admitted, as long as admitted', () => {
  const MOST = 40;
  const tags = Object.fromEntries(
    Array.from({ length: MOST }, (_, index) => [
      `${index}`.padEnd(TAG_LIMITS.longestKey, '鍵'),
      '値'.repeat(TAG_LIMITS.longestValue),
    ]),
  );
  const topology = clusterTopology(seedCluster({ controlPlane: { tags } }), release());
  const { plan } = planEnsure(topology, EMPTY, { fresh: true, provisioned: false, live: false });

  test('is a value that Temporal takes', () => {
    expect(plan.steps.length).toBeGreaterThan(20);
    expect(JSON.stringify(plan).includes('値'.repeat(TAG_LIMITS.longestValue))).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(plan))).toBeLessThan(2_000_000);
  });

  test('has steps of which all can begin in one call', () => {
    const largest = Math.max(...plan.steps.map((step) => Buffer.byteLength(JSON.stringify(step))));
    expect(largest * plan.steps.length).toBeLessThan(4_000_000);
  });
});

/** What a signing request is read as, and that nothing is read which Kubernetes' own parser could read otherwise. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { readRequest } from '../../agent/certificate-request.ts';
import { claimOf, SERVING_SIGNER, SERVING_USAGES } from '../../machine/approval.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const NAME = 'ip-10-0-2-77.eu-west-1.compute.internal';
const SUBJECT: x509.JsonName = [{ O: ['system:nodes'] }, { CN: [`system:node:${NAME}`] }];
const OWN_NAMES = new x509.SubjectAlternativeNameExtension([
  { type: 'dns', value: NAME },
  { type: 'ip', value: '10.0.2.77' },
]);
const OTHER_NAMES = new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'kubernetes.default' }]);
const USAGE = new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature);

const pemOf = async (changes: Partial<x509.Pkcs10CertificateRequestCreateParams> = {}): Promise<string> => {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: SUBJECT,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [OWN_NAMES],
    ...changes,
  });
  return request.toString('pem');
};

const read = (pem: string) =>
  readRequest({
    request: Buffer.from(pem).toString('base64'),
    signerName: SERVING_SIGNER,
    username: `system:node:${NAME}`,
    groups: ['system:nodes'],
    usages: SERVING_USAGES,
  });

describe('A signing request', () => {
  test('of a node is read with its names', async () => {
    expect(await read(await pemOf())).toMatchObject({
      commonName: `system:node:${NAME}`,
      organizations: ['system:nodes'],
      dnsNames: [NAME],
      addresses: ['10.0.2.77'],
      otherNames: 0,
    });
    expect(await read(`${await pemOf({ extensions: [] })}\n`)).toMatchObject({ dnsNames: [], addresses: [] });
  });

  test.each<[string, () => Promise<string>]>([
    // The first library reads the first list, the signer all of them.
    [
      'a second list of extensions',
      () =>
        pemOf({ extensions: [], attributes: [USAGE, OTHER_NAMES].map((one) => new x509.ExtensionsAttribute([one])) }),
    ],
    ['a second extension', () => pemOf({ extensions: [OWN_NAMES, USAGE] })],
    ['another extension', () => pemOf({ extensions: [new x509.BasicConstraintsExtension(true)] })],
    ['another attribute', () => pemOf({ attributes: [new x509.ChallengePasswordAttribute('secret')] })],
    [
      'two organizations in one part',
      () => pemOf({ name: [{ O: ['system:nodes', 'system:masters'] }, ...SUBJECT.slice(1)] }),
    ],
    [
      'an organization beside the common name',
      () => pemOf({ name: [{ O: ['system:nodes'], CN: [`system:node:${NAME}`] }] }),
    ],
    ['two common names', () => pemOf({ name: [...SUBJECT, { CN: ['system:admin'] }] })],
    ['a unit', () => pemOf({ name: [...SUBJECT, { OU: ['x'] }] })],
    ['no organization', () => pemOf({ name: SUBJECT.slice(1) })],
    ['another request behind it', async () => `${await pemOf()}\n${await pemOf()}`],
    ['something before it', async () => `-----BEGIN X-----\nAAAA\n-----END X-----\n${await pemOf()}`],
    ['headers', async () => (await pemOf()).replace('\n', '\nProc-Type: 4\n\n')],
    ['another kind of block', async () => (await pemOf()).replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')],
    ['bits that base64 has no use for', async () => (await pemOf()).replace(/\n[A-Za-z0-9+/]/, '\n*')],
    ['bytes behind the document', async () => (await pemOf()).replace(/=*\n-----END/, 'AAAA\n-----END')],
    ['nothing', () => Promise.resolve('')],
    ['a megabyte', () => Promise.resolve('A'.repeat(1 << 20))],
  ])('with %s is refused', async (_what, make) => {
    await expect(read(await make())).rejects.toThrow();
  });

  test('whose signature is another key’s is refused', async () => {
    const [one, other] = [
      new x509.Pkcs10CertificateRequest(await pemOf()),
      new x509.Pkcs10CertificateRequest(await pemOf()),
    ];
    const forged = Buffer.from(one.rawData);
    Buffer.from(other.rawData)
      .subarray(-64)
      .copy(forged, forged.length - 64);
    await expect(read(x509.PemConverter.encode(forged, 'CERTIFICATE REQUEST'))).rejects.toThrow();
  });

  test('is refused with a reason, whatever bytes it has', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const pem = x509.PemConverter.encode(bytes, 'CERTIFICATE REQUEST');
        await expect(read(pem)).rejects.toThrow(/./);
      }),
    ));
});

describe('A claim', () => {
  test('to a name that no instance could have is denied before EC2 is asked', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 30 }),
          fc.constantFrom(
            '*',
            'ip-10-0-2-7?',
            '../../nodes/x',
            'a b',
            'A',
            '-a',
            'a..b',
            '$(id)',
            `${'a.'.repeat(130)}a`,
          ),
        ),
        (name) => {
          const claim = claimOf({
            signer: SERVING_SIGNER,
            username: `system:node:${name}`,
            groups: ['system:nodes'],
            usages: SERVING_USAGES,
            commonName: `system:node:${name}`,
            organizations: ['system:nodes'],
            dnsNames: [],
            addresses: [],
            otherNames: 0,
          });
          const could =
            name.length <= 253 && /^([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name);
          expect(claim.kind).toBe(could ? 'node' : 'deny');
        },
      ),
    ));
});

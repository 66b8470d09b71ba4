/** Which certificates status tells of, weeks before their end, and for how long. */
import { describe, expect, test } from '@jest/globals';
import { LEAF_LIFETIME_SECONDS, overdueTime, renewalTime } from '../../machine/certificates.ts';
import {
  AUTHORITY_SOON_DAYS,
  CERTIFICATES_EXPIRING,
  type CertificatesSeen,
  certificatesSeen,
  type SeenCertificate,
} from '../../policy/certificates.ts';
import { findingOf } from '../../policy/drift.ts';
import { specificClaims } from '../../policy/specific-conditions.ts';
import { statusOf } from '../../policy/status.ts';
import type { Subject } from '../../policy/views.ts';
import { seedCluster, seedPool } from '../topology/objects.ts';

const NOW = Date.parse('2026-08-01T10:00:00Z');
const DAY = 24 * 3_600_000;
const AUTHORITY: SeenCertificate = {
  kind: 'authority',
  object: 'Secret default/gke-1a2b3c4d-root-ca',
  notBefore: NOW - 600 * DAY,
  notAfter: NOW + 3_000 * DAY,
};
const shown = (days: number, life = LEAF_LIFETIME_SECONDS * 1_000): SeenCertificate => ({
  kind: 'api-server',
  object: 'the certificate that the API server at 10.0.2.10 shows',
  notBefore: NOW + days * DAY - life,
  notAfter: NOW + days * DAY,
});
const seen = (...certificates: readonly SeenCertificate[]) => certificatesSeen(certificates, NOW);
const authority = (days: number, object = AUTHORITY.object) => ({ ...AUTHORITY, object, notAfter: NOW + days * DAY });

const settled = (certificates?: CertificatesSeen): Subject => ({
  kind: 'settled',
  ...(certificates === undefined ? {} : { certificates }),
});
const cluster = (status: object = {}) => seedCluster({ status: { state: 'Provisioned', ...status } });
const claim = (subject: Subject, object = cluster()) =>
  specificClaims(subject, object, undefined)[CERTIFICATES_EXPIRING];
const saying = (certificates: CertificatesSeen) => {
  const object = { kind: 'AWSCluster', namespace: 'default', name: 'cluster-0', uid: 'u' } as const;
  return cluster(statusOf({ object, generation: 1, subject: settled(certificates), events: [] }, cluster(), NOW));
};

describe('the condition CertificatesExpiring', () => {
  test('is not there while authorities live on and agents renew', () => {
    expect(seen(AUTHORITY, shown(364), shown(122))).toEqual({ endings: [] });
    expect(claim(settled(seen(AUTHORITY)))).toBeUndefined();
  });

  test.each<[string, readonly SeenCertificate[], string, string]>([
    [
      'an authority, ninety days before its end',
      [authority(AUTHORITY_SOON_DAYS - 1)],
      'AuthorityExpiring',
      'Secret default/gke-1a2b3c4d-root-ca expires on 2026-10-29, and nothing that it signed outlives it. To cure it: make another cluster',
    ],
    [
      'a replica that renews nothing, by what its API server shows, three months before the end',
      [AUTHORITY, shown(91)],
      'NotRenewed',
      'the certificate that the API server at 10.0.2.10 shows expires on 2026-10-31, and its agent, which renews it together with all others of its replica, should have by now. To cure it: read in the log',
    ],
    [
      'what has ended, before anything else',
      [authority(80), shown(-1)],
      'Expired',
      'the certificate that the API server at 10.0.2.10 shows expired on 2026-07-31',
    ],
  ])('names %s', (_, certificates, reason, says) => {
    const said = claim(settled(seen(...certificates)));
    expect(said).toMatchObject({ status: 'True', reason });
    expect(said?.message).toContain(says);
  });

  test('does not blame an agent for what the authority cuts short', () => {
    const { endings } = seen(authority(60), shown(60));
    expect(endings.map(({ reason }) => reason)).toEqual(['AuthorityExpiring']);
  });

  test('has room for its cures, however many are near their end', () => {
    const many = Array.from({ length: 60 }, (_, index) => authority(5, `Secret default/number-${index}-root-ca`));
    const { message = '' } = claim(settled(seen(...many))) ?? {};
    expect(message.length).toBeLessThanOrEqual(1_024);
    expect(message).toMatch(/To cure it: make another cluster .*\.$/);
  });

  test('is of clusters only, stays until somebody has looked again, and goes once all is well', () => {
    const near = seen(authority(60));
    expect(specificClaims(settled(near), seedPool(), undefined)[CERTIFICATES_EXPIRING]).toBeUndefined();
    const before = saying(near);
    expect(claim(settled(), before)).toMatchObject({ reason: 'AuthorityExpiring' });
    expect(claim({ kind: 'waiting', reason: 'x' }, before)).toMatchObject({ reason: 'AuthorityExpiring' });
    expect(claim(settled(seen(AUTHORITY)), before)).toBeUndefined();
  });

  test('is told by one sweep, not again by the next, and once more when it is over', () => {
    const told = (object: ReturnType<typeof cluster>, certificates: CertificatesSeen) =>
      findingOf(object, { kind: 'settled', generation: 1 }, [], { certificates });
    const near = seen(authority(60));
    const later = certificatesSeen([authority(60)], NOW + 10 * DAY);
    const well = seen(AUTHORITY);
    expect(told(saying(well), well)).toBeUndefined();
    expect(told(saying(well), near)).toMatchObject({ kind: 'report', certificates: near });
    expect(told(saying(near), later)).toBeUndefined();
    expect(told(saying(near), well)).toMatchObject({ kind: 'report', certificates: well });
  });
});

test('a life of a year is renewed weeks before anybody is told that it was not, and that is weeks before its end', () => {
  const life = { notBefore: 0, notAfter: LEAF_LIFETIME_SECONDS * 1_000 };
  const weeks = (from: number, to: number) => (to - from) / (7 * DAY);
  expect(weeks(renewalTime(life), overdueTime(life))).toBeGreaterThan(4);
  expect(weeks(overdueTime(life), life.notAfter)).toBeGreaterThan(12);
});

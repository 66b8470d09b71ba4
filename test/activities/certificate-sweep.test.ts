/** What a sweep sees of a cluster's certificates without asking anybody anything. */
import { describe, expect, test } from '@jest/globals';
import { createCertificateSweep } from '../../activities/certificate-sweep.ts';
import { createAuthority } from '../../activities/kubernetes/certificates.ts';
import { createServedCertificates } from '../../activities/kubernetes/served-certificates.ts';
import { observed } from '../../kinds/resource.ts';
import type { SeenCertificate } from '../../policy/certificates.ts';
import { ETCD_CA, ROOT_CA } from '../../words/keys.ts';

const DAY = 24 * 3_600_000;
const HOUR = 3_600_000;
const ID = 'gke-1a2b3c4d';
const year = (from: number) => ({ notBefore: from, notAfter: from + 365 * DAY });

const secret = async (key: string, name: string, now?: number) =>
  observed('secret', key, { name, certificate: (await createAuthority(name, now)).certificate }, {});

const world = () => {
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const served = createServedCertificates(now);
  const told: (readonly [string, readonly SeenCertificate[]])[] = [];
  const sweep = createCertificateSweep({ served, onSeen: (...one) => void told.push(one), now });
  return { clock, served, told, sweep };
};

describe('a sweep', () => {
  test('knows authorities by their Secrets, and says ninety days before that they end', async () => {
    const { sweep, told } = world();
    const tenYearsAgo = Date.now() - 3_600 * DAY;
    const found = [
      await secret(ROOT_CA, 'the-root', tenYearsAgo),
      await secret(ETCD_CA, 'the-etcd'),
      observed('secret', 'secret/ssh', { name: 'the-ssh' }, {}),
    ];
    const { endings } = sweep({ namespace: 'default', clusterId: ID, found });
    expect(endings).toMatchObject([{ reason: 'AuthorityExpiring', object: 'Secret default/the-root' }]);
    expect(told.map(([id, all]) => [id, all.map(({ object }) => object)])).toEqual([
      [ID, ['Secret default/the-root', 'Secret default/the-etcd']],
    ]);
  });

  test('knows what each API server last showed, of that cluster alone, and by the address that a replica keeps', async () => {
    const { sweep, served, clock } = world();
    const old = year(clock.now - 300 * DAY);
    served.note(ID, { addresses: ['10.0.1.10', '10.96.0.1'], ...old });
    served.note(ID, { addresses: ['10.0.2.10', '10.96.0.1'], ...old });
    served.note('gke-other', { addresses: ['10.0.3.10'], ...old });
    const found = [await secret(ROOT_CA, 'the-root')];
    const objects = () => sweep({ namespace: 'default', clusterId: ID, found }).endings.map(({ object }) => object);
    const object = (address: string) => `the certificate that the API server at ${address} shows`;
    expect(objects()).toEqual(['10.0.1.10', '10.0.2.10'].map(object));
    served.note(ID, { addresses: ['10.0.1.10', '10.96.0.1'], ...year(clock.now) });
    expect(objects()).toEqual([object('10.0.2.10')]);
  });

  test('speaks no more of a replica that nobody met for half a day', async () => {
    const { sweep, served, clock } = world();
    served.note(ID, { addresses: ['10.0.1.10'], ...year(clock.now - 300 * DAY) });
    const found = [await secret(ROOT_CA, 'the-root')];
    const count = () => sweep({ namespace: 'default', clusterId: ID, found }).endings.length;
    clock.now += 12 * HOUR - 1;
    expect(count()).toBe(1);
    clock.now += 1;
    expect(count()).toBe(0);
  });
});

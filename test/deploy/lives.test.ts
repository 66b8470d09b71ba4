/** `docs/security.md`, what has an end: each life in the table is the one in the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Wanted } from '../../activities/driver.ts';
import { AUTHORITY_LIFETIME_MS } from '../../activities/kubernetes/certificates.ts';
import { LONGEST_SECONDS } from '../../activities/kubernetes/credentials.ts';
import { joinTokenObject } from '../../activities/kubernetes/join-token.ts';
import { createContent } from '../../activities/kubernetes/secret-content.ts';
import { WORKER_LIFETIME_MS } from '../../activities/kubernetes/user-cluster.ts';
import { LIFETIME_SECONDS } from '../../client/cli/credentials.ts';
import { LEAF_LIFETIME_SECONDS, overdueTime, renewalTime } from '../../machine/certificates.ts';
import { replicaComponents } from '../../machine/components.ts';
import { AUTHORITY_SOON_DAYS } from '../../policy/certificates.ts';
import { replicaMachine } from '../machine/examples.ts';

const ROOT = join(import.meta.dirname, '../..');
const [HOUR, DAY] = [3_600_000, 24 * 3_600_000];
const YEAR = 365 * DAY;

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
/** As the page says it. */
const inWords = (ms: number): string => (ms % YEAR === 0 ? counted(ms / YEAR, 'year') : counted(ms / HOUR, 'hour'));

/** How long the controller manager of a replica signs nodes' certificates for. */
const signedFor = (): number => {
  const manager = replicaComponents(replicaMachine()).find(({ name }) => name === 'kube-controller-manager');
  const flags = manager?.program.kind === 'binary' ? manager.program.arguments : [];
  const [seconds] = flags.flatMap((flag) => /^--cluster-signing-duration=(\d+)s$/.exec(flag)?.[1] ?? []);
  return Number(seconds) * 1_000;
};

const untilAuthority = (life: number): string => `${inWords(life)}, or until their authority ends`;
const LIVES: Readonly<Record<string, string>> = {
  'authorities of a cluster: root, etcd, front proxy': inWords(AUTHORITY_LIFETIME_MS),
  'all leaf certificates of a replica': untilAuthority(LEAF_LIFETIME_SECONDS * 1_000),
  "a node's client and serving certificate": untilAuthority(signedFor()),
  "the worker's certificate in a cluster": inWords(WORKER_LIFETIME_MS),
  "a person's certificate of `slipway clusters get-credentials`": `${inWords(LIFETIME_SECONDS * 1_000)}, and ${inWords(LONGEST_SECONDS * 1_000)} at most for who asks for more`,
  "a pool's join token": 'none',
  "a cluster's service-account key and SSH key": 'none',
  "the webhook's certificate": 'as long as its maker says',
};

const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
const section = page.split('\n## ').find((part) => part.startsWith('What has an end')) ?? '';
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, what = '', , life = '', renewed = '', end = '']) => ({ what, life, renewed, end }));
const row = (what: string) => rows.find((one) => one.what === what);

describe('the table of what has an end', () => {
  test('has the life of each thing as the code has it, and no other things', () => {
    expect(Object.fromEntries(rows.map(({ what, life }) => [what, life]))).toEqual(LIVES);
  });

  test('says at which part of its life a certificate is renewed, and from when on somebody is told that it was not', () => {
    const life = { notBefore: 0, notAfter: 12 };
    const parts: Readonly<Record<number, string>> = { 8: 'two thirds', 9: 'three quarters' };
    expect(row('all leaf certificates of a replica')).toMatchObject({
      renewed: expect.stringContaining(`at ${parts[renewalTime(life)]} of their life`),
      end: expect.stringContaining(`from ${parts[overdueTime(life)]} on`),
    });
    expect(row('authorities of a cluster: root, etcd, front proxy')).toMatchObject({
      renewed: 'by nobody',
      end: expect.stringContaining(`from ${AUTHORITY_SOON_DAYS} days before on`),
    });
  });
});

test("a pool's join token has no end, in the words of the controller that would remove it", async () => {
  const { token = '' } = await createContent({ type: 'bootstrap-token' }, 'gke-1a2b3c4d');
  const wanted = {
    key: 'join-token/1a2b3c4d',
    properties: { poolId: '1a2b3c4d', endpoint: 'nlb', token: 'secret/pool-token' },
    object: { kind: 'AWSNodePool', namespace: 'default', name: 'pool-0', uid: 'u' },
    owner: { account: '1', region: 'r', clusterId: 'gke-1a2b3c4d', uid: 'u' },
  } as unknown as Wanted<'join-token'>;
  const { data } = joinTokenObject(wanted, token) as unknown as { readonly data: Readonly<Record<string, string>> };
  expect(Object.keys(data).toSorted()).toEqual([
    'auth-extra-groups',
    'description',
    'token-id',
    'token-secret',
    'usage-bootstrap-authentication',
  ]);
});

/**
 * Dials: nobody but the sandbox reaches a replica at its own address. Machines listen on them, peers of etcd and a machine's own
 * components use them; whoever is elsewhere comes through the load balancer, or says it by a tag of the replica's volume.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const CHECKOUT = join(import.meta.dirname, '..');

/** Rooms of programs that run elsewhere than on a replica. */
const ELSEWHERE = [
  'activities',
  'worker',
  'workflows',
  'client',
  'kubernetes',
  'addons',
  'policy',
  'topology',
  'kinds',
];

const sources = (room: string): readonly string[] =>
  readdirSync(join(CHECKOUT, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(CHECKOUT, room, file));

/** What only somebody needs who dials a component of a replica, or listens as one. */
const DIALLING: readonly (readonly [string, RegExp])[] = [
  [
    'a port of a replica’s component',
    /\b(API_SERVER|ETCD_CLIENT|ETCD_PEER|ETCD_METRICS|CONTROLLER_MANAGER|SCHEDULER|CLOUD_CONTROLLER)_PORT\b/,
  ],
  ['the client URL of an etcd member', /\b(clientUrlOf|peerUrlOf)\b/],
  ['a raw connection', /from 'node:(net|dgram)'/],
];

/** Where one is named all the same, and why nothing is dialled there. */
const NAMED: Readonly<Record<string, string>> = {
  'topology/network.ts': 'the load balancer’s target port and the rules of security groups are made of ports',
  'client/temporal.ts': 'knocks at Temporal’s own address before it waits for it',
  'kubernetes/kubeconfig.ts': 'asks node:net whether a host is an address',
  'kubernetes/connections.ts': 'asks node:net whether a host is an address, and for a type',
  'kubernetes/proxies.ts': 'opens connections to the proxy that a kubeconfig or the environment names',
};

const findings = (): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const file of ELSEWHERE.flatMap(sources)) {
    const text = readFileSync(file, 'utf8');
    const signs = DIALLING.filter(([, sign]) => sign.test(text)).map(([what]) => what);
    if (signs.length > 0) found.set(relative(CHECKOUT, file), signs);
  }
  return found;
};

describe('a replica’s own address', () => {
  test('is dialled by nothing outside the sandbox that does not run on a replica', () => {
    expect(Object.fromEntries([...findings()].filter(([file]) => NAMED[file] === undefined))).toEqual({});
  });

  test('is named for another reason only where the list says so', () => {
    const found = findings();
    expect(Object.keys(NAMED).filter((file) => !found.has(file))).toEqual([]);
  });

  test('is no server that a client is made for: each says the load balancer’s name', () => {
    const made = ELSEWHERE.filter((room) => room !== 'kubernetes')
      .flatMap(sources)
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/server: `https:\/\/\$\{([^}]+)\}/g)])
      .map(([, host]) => host);
    expect(new Set(made)).toEqual(new Set(['cluster.endpoint']));
  });
});

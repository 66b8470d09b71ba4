/**
 * A replica's components as its agent runs them, over a disk of its own and the tags of a volume: what each is started with, while
 * an upgrade emulates, is committed, loses its tags, or is followed by a machine of before it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { runComponents } from '../../agent/components.ts';
import { createEmulation } from '../../agent/emulation.ts';
import type { BinaryComponent, Host, RunningComponent } from '../../agent/host.ts';
import { followOrders } from '../../agent/orders.ts';
import type { Minor } from '../../api/minor.ts';
import type { Component } from '../../machine/component.ts';
import { replicaComponents } from '../../machine/components.ts';
import { minorFile } from '../../machine/emulation.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import { ORDER_TAG, orderText, REPORT_TAG, reportIn } from '../../words/orders.ts';
import { present } from '../../words/present.ts';
import { replicaMachine } from '../machine/examples.ts';
import { waitFor } from '../support/wait.ts';
import { accountOf, kmsDouble, recordedLog } from './doubles.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const disk = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-disk-'));
  folders.push(folder);
  return folder;
};

/** The volume's tags, and an EC2 that may be away. */
const volume = () => {
  const state = { tags: {} as Record<string, string>, away: false };
  const ec2 = {
    ...accountOf({}).ec2,
    volume: async (id: string) => {
      if (state.away) throw new Error('EC2 is away');
      return { id, state: 'in-use', tags: { ...state.tags } };
    },
    tag: async (_id: string, more: Readonly<Record<string, string>>) => void Object.assign(state.tags, more),
  };
  return { state, ec2 };
};

type Volume = ReturnType<typeof volume>;

const FLAG = '--emulated-version=';
const flagOf = ({ program }: BinaryComponent): string => {
  const flag = program.arguments.find((each) => each.startsWith(FLAG));
  return flag === undefined ? 'plain' : `as ${flag.slice(FLAG.length)}`;
};

/** A host whose programs are ready at once, and which remembers what was started and stopped, in order. */
const hostOf = (did: string[], crashes: Map<string, () => Promise<boolean>>): Host => ({
  differences: {},
  certificates: '/run/pki',
  configuration: '/run/config',
  state: '/var/lib/slipway',
  cpusOf: () => 2,
  mountVolume: () => Promise.reject(new Error('nobody mounts here')),
  useAddress: () => Promise.resolve(),
  socketPath: (name) => `/run/${name}`,
  endLeftovers: () => Promise.resolve(),
  runToEnd: () => Promise.reject(new Error('nothing ends by itself here')),
  run: (component, mayStartAgain): Promise<RunningComponent> => {
    const { name } = component;
    did.push(`${name} ${flagOf(component)}`);
    if (mayStartAgain !== undefined) crashes.set(name, mayStartAgain);
    return Promise.resolve({ name, ready: Promise.resolve(), stop: async () => void did.push(`${name} stops`) });
  },
  runNode: () => Promise.reject(new Error('this is no node')),
});

/** Without what the agent runs in its own process, and without asking anybody whether they serve. */
const described = (emulates?: Minor): readonly Component[] =>
  replicaComponents(replicaMachine(emulates === undefined ? {} : { emulates }))
    .filter(({ program }) => program.kind === 'binary')
    .map(({ name, version, program, files, after, stays, stopSeconds }) => ({
      ...{ name, program, files, stopSeconds, ...present({ version, stays }) },
      after: after.filter((each) => each !== 'kms-plugin'),
    }));

/** Runs the components of a machine of a version over the disk; programs are recorded, and what the agent runs by itself is left out. */
const run = (folder: string, { ec2 }: Volume, version: string) => {
  const did: string[] = [];
  const crashes = new Map<string, () => Promise<boolean>>();
  const { log, messages } = recordedLog();
  const stopping = new AbortController();
  const { signal } = stopping;
  const emulation = createEmulation({ volumeId: 'vol-1', folder, version, instanceId: 'i-me', ec2, log });
  const mayStartAgain = { 'kube-apiserver': emulation.mayStartAgain };
  const services = { host: hostOf(did, crashes), kms: kmsDouble(), ec2, log, mayStartAgain };
  const over = runComponents(
    { described, version, emulation, tags: undefined },
    services,
    signal,
    (serving, serves) => {
      did.push('serves');
      const ordered = { volumeId: 'vol-1', instanceId: 'i-me', ec2, serving, serves, log, everyMillis: 1 };
      followOrders(ordered, signal).catch(() => undefined);
    },
  );
  return { did, crashes, messages, stopping, over };
};

const boot = (folder: string, one: Volume, version: string) => {
  const { did, crashes, messages, stopping, over } = run(folder, one, version);
  const until = <T>(what: string, look: () => T | undefined) => waitFor(what, async () => look(), { intervalMs: 2 });
  return {
    did,
    restart: async (token: string): Promise<string | undefined> => {
      did.length = 0;
      const deadline = Math.floor(Date.now() / 1_000) + 60;
      one.state.tags[ORDER_TAG] = orderText({ token, verb: 'restart', instanceId: 'i-me', until: deadline });
      await until('a report', () => reportIn(one.state.tags[REPORT_TAG])?.token === token || undefined);
      return one.state.tags[REPORT_TAG];
    },
    /** Its API server ends by itself: whether it would start again. */
    crash: () => crashes.get('kube-apiserver')?.(),
    serves: () => until('it serves', () => did.includes('serves') || undefined),
    refused: () =>
      until('that nothing may start', () => messages().find((line) => line.startsWith('Starting Kubernetes'))),
    end: async () => {
      stopping.abort(new Error('the machine ends'));
      await over;
    },
  };
};

const servesOnce = async (folder: string, tags: Volume, version: string): Promise<readonly string[]> => {
  const machine = boot(folder, tags, version);
  await machine.serves();
  const did = [...machine.did];
  await machine.end();
  return did;
};

const started = (how: string): readonly string[] => [
  'etcd plain',
  `kube-apiserver ${how}`,
  `kube-controller-manager ${how}`,
  `kube-scheduler ${how}`,
  'aws-cloud-controller-manager plain',
];
const memoryOf = (folder: string): string => readFileSync(minorFile(folder), 'utf8');

describe('a replica', () => {
  test('that never was upgraded starts plainly, and its disk knows from then on at which minor it is', async () => {
    const folder = disk();
    expect(await servesOnce(folder, volume(), '1.36.3')).toEqual([...started('plain'), 'serves']);
    expect(memoryOf(folder)).toBe('1.36\n');
  });

  test('of newer binaries emulates, with its tag and without it, and while EC2 is away', async () => {
    const folder = disk();
    const one = volume();
    await servesOnce(folder, one, '1.36.3');
    one.state.tags[EMULATES_TAG] = '1.36';
    expect(await servesOnce(folder, one, '1.37.2')).toEqual([...started('as 1.36'), 'serves']);
    one.state.tags = {};
    expect(await servesOnce(folder, one, '1.37.2')).toEqual([...started('as 1.36'), 'serves']);
    one.state.away = true;
    expect(await servesOnce(folder, one, '1.37.2')).toEqual([...started('as 1.36'), 'serves']);
    one.state.away = false;
    expect(await servesOnce(folder, one, '1.36.3')).toEqual([...started('plain'), 'serves']);
  });

  test('is committed by a restart, API server before scheduler and controller manager, and etcd goes on', async () => {
    const folder = disk();
    const one = volume();
    one.state.tags[EMULATES_TAG] = '1.36';
    const machine = boot(folder, one, '1.37.2');
    await machine.serves();
    expect(await machine.restart('too-soon')).toBe('too-soon done 1.37.2 1.36');
    expect(machine.did).toContain('kube-apiserver as 1.36');
    one.state.tags[COMMITTED_TAG] = '1.37';
    expect(await machine.restart('now')).toBe('now done 1.37.2 1.37');
    const at = (what: string) => machine.did.indexOf(what);
    expect(machine.did.filter((each) => each.startsWith('etcd'))).toEqual([]);
    expect(at('kube-scheduler stops')).toBeLessThan(at('kube-apiserver stops'));
    expect(at('kube-apiserver stops')).toBeLessThan(at('kube-apiserver plain'));
    expect(machine.did.slice(at('kube-apiserver plain'))).toEqual(started('plain').slice(1));
    await machine.end();
    one.state.tags = {};
    expect(await servesOnce(folder, one, '1.37.2')).toEqual([...started('plain'), 'serves']);
  });

  test('that emulates has its disk remember a commit before anybody acts on it', async () => {
    const folder = disk();
    const one = volume();
    one.state.tags[EMULATES_TAG] = '1.36';
    const machine = boot(folder, one, '1.37.2');
    await machine.serves();
    expect(memoryOf(folder)).toBe('1.36\n');
    one.state.tags[COMMITTED_TAG] = '1.37';
    await waitFor('it remembers', async () => (memoryOf(folder) === '1.37\n' ? true : undefined), { intervalMs: 2 });
    expect(machine.did).toEqual([...started('as 1.36'), 'serves']);
    await machine.end();
  });

  test('of before a commit runs etcd, which has its quorum to keep, and nothing of Kubernetes; it says so', async () => {
    const folder = disk();
    const one = volume();
    one.state.tags[COMMITTED_TAG] = '1.37';
    const machine = boot(folder, one, '1.36.3');
    expect(await machine.refused()).toContain('is at 1.37');
    await waitFor('a report', async () => one.state.tags[REPORT_TAG], { intervalMs: 2 });
    expect(one.state.tags[REPORT_TAG]).toMatch(
      /^i-me failed Kubernetes 1\.36\.3 does not start .*is at 1\.37.*Set the/,
    );
    expect(machine.did).toEqual(['etcd plain']);
    await machine.end();
    one.state.tags = {};
    const again = boot(folder, one, '1.36.3');
    await again.refused();
    expect(again.did).toEqual(['etcd plain']);
    await again.end();
  });

  test('that runs is not restarted below a floor, and its API server stays ended should it end', async () => {
    const folder = disk();
    const one = volume();
    const machine = boot(folder, one, '1.36.3');
    await machine.serves();
    expect(await machine.crash()).toBe(true);
    one.state.tags[COMMITTED_TAG] = '1.37';
    expect(await machine.restart('down')).toMatch(/^down failed Kubernetes 1\.36\.3 does not start/);
    expect(machine.did).toEqual([]);
    expect(await machine.crash()).toBe(false);
    await machine.end();
  });

  test('waits where neither its disk nor EC2 says at which minor it is, and starts once one of them does', async () => {
    const folder = disk();
    const one = volume();
    one.state.away = true;
    const machine = boot(folder, one, '1.37.2');
    expect(await machine.refused()).toMatch(/tags of volume vol-1 can't be read/);
    expect(machine.did).toEqual(['etcd plain']);
    writeFileSync(minorFile(folder), '1.36\n');
    await machine.serves();
    expect(machine.did).toEqual([...started('as 1.36'), 'serves']);
    await machine.end();
  });

  test('keeps its memory although somebody removes the file and the tags under it', async () => {
    const folder = disk();
    const one = volume();
    one.state.tags[EMULATES_TAG] = '1.36';
    const machine = boot(folder, one, '1.37.2');
    await machine.serves();
    one.state.tags = {};
    rmSync(minorFile(folder));
    expect(await machine.restart('again')).toBe('again done 1.37.2 1.36');
    expect(memoryOf(folder)).toBe('1.36\n');
    await machine.end();
  });
});

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Claim, type ClaimBefore, claimAddresses as claimIn } from '../../sandbox/addresses.ts';
import { isLock, type Lock, type LockHolder, tryLock } from '../../sandbox/lock.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-lock-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const taken = (answer: Lock | LockHolder): Lock => {
  if (!isLock(answer)) throw new Error(`held by ${JSON.stringify(answer)}`);
  return answer;
};

describe('a lock', () => {
  test('is held by one, and names who holds it for what', () => {
    const file = join(folder, 'a.lock');
    taken(tryLock(file, 'a test'));
    expect(tryLock(file, 'another test')).toMatchObject({ pid: process.pid, purpose: 'a test' });
  });

  test('is free again after its release, and leaves nothing behind', () => {
    const file = join(folder, 'a.lock');
    taken(tryLock(file, 'a test')).release();
    taken(tryLock(file, 'a test')).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('of a process that died is taken over', () => {
    const file = join(folder, 'a.lock');
    const dead = spawnSync('true').pid;
    writeFileSync(file, JSON.stringify({ pid: dead, began: 'some time ago', purpose: 'gone' }));
    taken(tryLock(file, 'a test')).release();
    expect(existsSync(file)).toBe(false);
  });

  test('of a number that was given to another process is taken over', () => {
    const file = join(folder, 'a.lock');
    writeFileSync(file, JSON.stringify({ pid: process.pid, began: 'another time', purpose: 'gone' }));
    taken(tryLock(file, 'a test')).release();
  });

  test('that is no lock is nobody’s', () => {
    const file = join(folder, 'a.lock');
    writeFileSync(file, 'half a');
    taken(tryLock(file, 'a test')).release();
  });
});

describe('addresses', () => {
  const claimAddresses = (home: string, before: ClaimBefore | undefined) => claimIn(home, before, folder);
  /** Such as nobody else has meanwhile, as other sandboxes see it: another run may do the same at this moment. */
  let held: readonly Claim[] = [];
  let [network, another, proxyPort] = [0, 0, 0];
  beforeEach(async () => {
    held = [await claimIn(folder, undefined), await claimIn(folder, undefined)];
    [network, another] = held.map((claim) => claim.network) as [number, number];
    proxyPort = held[0]?.proxyPort ?? 0;
  });
  afterEach(() => {
    for (const claim of held) claim.release();
  });

  test('of two sandboxes differ in network and proxy port', async () => {
    const first = await claimAddresses('/one', undefined);
    const second = await claimAddresses('/two', undefined);
    expect(second.network).not.toBe(first.network);
    expect(second.proxyPort).not.toBe(first.proxyPort);
    first.release();
    second.release();
  });

  test('are those of before where nobody has taken them meanwhile', async () => {
    const before = { network, proxyPort, inUse: false };
    const claim = await claimAddresses('/one', before);
    expect(claim).toMatchObject({ network, proxyPort });
    const other = await claimAddresses('/two', before);
    expect(other.network).not.toBe(network);
    expect(other.proxyPort).not.toBe(proxyPort);
    claim.release();
    other.release();
  });

  test('on which the sandbox’s own parts still run cannot become others', async () => {
    const first = await claimAddresses('/one', { network, proxyPort, inUse: false });
    await expect(claimAddresses('/two', { network, proxyPort, inUse: true })).rejects.toThrow(/in use/);
    first.release();
  });

  test('on which somebody listens who has no lock are left alone', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const claim = await claimAddresses('/one', { network, proxyPort: port, inUse: false });
    expect(claim.proxyPort).not.toBe(port);
    claim.release();
    server.close();
  });

  test('are not half claimed: who gets none holds none', async () => {
    const first = await claimAddresses('/one', { network, proxyPort, inUse: false });
    await expect(claimAddresses('/two', { network: another, proxyPort, inUse: true })).rejects.toThrow(/in use/);
    expect(readdirSync(folder).sort()).toEqual([`${network}.lock`, `proxy-${proxyPort}.lock`]);
    first.release();
  });
});

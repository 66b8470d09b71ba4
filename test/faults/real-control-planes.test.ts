/** What the fault matrix makes of what real control planes say, and which parts of it are lived with them. */
import { describe, expect, test } from '@jest/globals';
import { type Machine, membersIn, quorumIn, servedIn } from '../../bench/faults/real-control-planes.ts';
import { partsOf } from '../../bench/faults/run.ts';

const VOLUMES = [0, 1, 2].map((index) => ({ index, id: `vol-${index}` }));

const machine = (id: string, volume: string | undefined, overrides: Partial<Machine> = {}): Machine => ({
  id,
  state: 'running',
  enis: [
    { id: `eni-${id}`, index: 0, ip: '127.16.1.4' },
    { id: 'eni-1', index: 1, ip: '127.16.1.9' },
  ],
  volumes: [{ id: 'vol-root' }, ...(volume === undefined ? [] : [{ id: volume }])],
  ...overrides,
});

describe('a replica', () => {
  test('is the machine that runs with its disk, at the address that it keeps', () => {
    expect(membersIn([machine('i-b', 'vol-1'), machine('i-a', 'vol-0')], VOLUMES)).toEqual([
      { index: 0, instance: 'i-a', address: '127.16.1.9' },
      { index: 1, instance: 'i-b', address: '127.16.1.9' },
    ]);
  });

  test.each<[string, Machine]>([
    ['that ends', machine('i-a', 'vol-0', { state: 'shutting-down' })],
    ['that boots, and has not got the disk', machine('i-a', undefined)],
    ['of another cluster', machine('i-a', 'vol-7')],
  ])('is no machine %s', (_what, one) => {
    expect(membersIn([one], VOLUMES)).toEqual([]);
  });

  test('has no address as long as its machine has only its own', () => {
    const enis = [{ id: 'eni-a', index: 0, ip: '127.16.1.4' }];
    expect(membersIn([machine('i-a', 'vol-0', { enis })], VOLUMES)).toEqual([
      { index: 0, instance: 'i-a', address: undefined },
    ]);
  });
});

describe('what an API server serves as', () => {
  test.each([
    [
      'the minor that it emulates',
      { gitVersion: 'v1.37.2', major: '1', minor: '37', emulationMajor: '1', emulationMinor: '36' },
      { kubernetes: '1.37.2', serves: '1.36' },
    ],
    [
      'its own where it says nothing of that',
      { gitVersion: 'v1.36.3', major: '1', minor: '36' },
      { kubernetes: '1.36.3', serves: '1.36' },
    ],
    ['nothing where it does not answer', undefined, { kubernetes: 'unknown' }],
  ])('is %s', (_what, version, served) => {
    expect(servedIn(version)).toEqual(served);
  });

  test('is never guessed', () => {
    expect(() => servedIn({ gitVersion: 'v1.37.2', major: '1', minor: '37+' })).toThrow(/names no minor/);
  });
});

describe('etcd', () => {
  test.each<[boolean, string, readonly number[], number]>([
    [true, 'two of three are healthy', [3, 3], 2],
    [false, 'one of three is', [3], 1],
    [false, 'two of four are', [3, 4], 2],
    [false, 'nobody lists its members', [], 2],
  ])('has quorum: %s where %s', (has, _what, lists, healthy) => {
    expect(quorumIn(lists, healthy)).toBe(has);
  });
});

describe('with real control planes', () => {
  test('a create and a delete are lived where nothing else is asked for', () => {
    expect(partsOf(undefined, true)).toEqual(['create-and-delete']);
  });

  test('what is done to a control plane that stands is lived where it is asked for', () => {
    expect(partsOf(['commit', 'control-plane-abort'], true)).toEqual(['control-plane-abort', 'commit']);
  });

  test('what is done to a node pool is refused, for no pod runs there', () => {
    expect(() => partsOf(['commit', 'resize', 'repair'], true)).toThrow(/^resize, repair: .*without --real/);
    expect(partsOf(['resize'], false)).toEqual(['resize']);
  });
});

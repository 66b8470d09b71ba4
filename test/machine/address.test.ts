import { expect, test } from '@jest/globals';
import { addressAt, firstAddressOf } from '../../machine/address.ts';

test.each([
  { cidr: '10.96.0.0/12', n: 1, address: '10.96.0.1' },
  { cidr: '10.96.0.0/12', n: 10, address: '10.96.0.10' },
  { cidr: '10.96.0.16/28', n: 10, address: '10.96.0.26' },
  { cidr: '10.96.3.7/12', n: 10, address: '10.96.0.10' },
  { cidr: '10.96.0.255/32', n: 1, address: '10.96.1.0' },
  { cidr: '192.255.255.250/31', n: 10, address: '193.0.0.4' },
])('address $n of $cidr is $address', ({ cidr, n, address }) => {
  expect(addressAt(cidr, n)).toBe(address);
  if (n === 1) expect(firstAddressOf(cidr)).toBe(address);
});

/** Regions and the partitions that they are in. */
import { expect, test } from '@jest/globals';
import { partitionOf } from '../../api/regions.ts';

test.each([
  ['eu-west-1', 'aws'],
  ['us-east-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['us-isof-south-1', 'aws-iso-f'],
  ['eu-isoe-west-1', 'aws-iso-e'],
  ['eusc-de-east-1', 'aws-eusc'],
])('%s is in partition %s', (region, partition) => {
  expect(partitionOf(region)).toBe(partition);
});

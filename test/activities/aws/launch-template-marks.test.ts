import { expect, test } from '@jest/globals';
import { keyWithVersion } from '../../../activities/aws/launch-template-marks.ts';

test.each([
  [
    'launch-template/controlplane-0',
    'gke-0a1b2c3d-controlplane-0-1.36.3-gke.1',
    'launch-template/controlplane-0/1.36.3-gke.1',
  ],
  [
    'launch-template/nodepool-1a2b3c4d',
    'gke-0a1b2c3d-nodepool-1a2b3c4d-1.2.3',
    'launch-template/nodepool-1a2b3c4d/1.2.3',
  ],
  ['launch-template/controlplane-0/1.36.3-gke.1', 'whatever', 'launch-template/controlplane-0/1.36.3-gke.1'],
])('a template that carries the key %s and the name %s is %s', (carried, name, key) => {
  expect(keyWithVersion(carried, name)).toBe(key);
});

import { expect, test } from '@jest/globals';
import { descriptionOf, fingerprintsOf, keyWithVersion } from '../../../activities/aws/launch-template-marks.ts';
import { answering, refusal } from './answering.ts';

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

const SAID = { fingerprint: 'b'.repeat(64), lasting: 'c'.repeat(64) };

test('versions are told apart by the fingerprints in their descriptions, with one call a template; what is gone is missing', async () => {
  const { clients, asked } = answering({
    DescribeLaunchTemplateVersions: ({ LaunchTemplateId }) =>
      LaunchTemplateId === 'lt-gone'
        ? refusal('InvalidLaunchTemplateId.NotFound', 'The specified launch template does not exist')
        : {
            LaunchTemplateVersions: [
              { VersionNumber: 1, VersionDescription: `slipway fingerprint ${'a'.repeat(64)}` },
              { VersionNumber: 2, VersionDescription: 'by hand' },
              { VersionNumber: 3, VersionDescription: descriptionOf(SAID) },
            ],
          },
  });
  const version = (templateId: string, templateVersion: string) => ({ templateId, templateVersion });
  const versions = [
    version('lt-1', '1'),
    version('lt-1', '2'),
    version('lt-1', '3'),
    version('lt-1', '1'),
    version('lt-gone', '1'),
  ];
  const found = await fingerprintsOf(clients.ec2, versions, new AbortController().signal);
  expect(Object.fromEntries(found)).toEqual({
    'lt-1 1': { fingerprint: 'a'.repeat(64) },
    'lt-1 2': { fingerprint: '' },
    'lt-1 3': SAID,
  });
  expect(asked.map(({ input }) => input['Versions'])).toEqual([['1', '2', '3'], ['1']]);
});

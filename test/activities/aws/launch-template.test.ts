/** A version of a template that is written anew: which requests EC2 takes for the same one. */
import { expect, test } from '@jest/globals';
import { launchTemplateDriver } from '../../../activities/aws/launch-template.ts';
import { markOf } from '../../../activities/aws/launch-template-marks.ts';
import { ensureResource } from '../../../activities/driver.ts';
import { CLUSTER_TAG, KEY_TAG, UID_TAG } from '../../../api/names.ts';
import { nodeConfiguration } from '../../machine/examples.ts';
import { CLUSTER, CLUSTER_ID, ownerOf } from './account.ts';
import { answering } from './answering.ts';

const KEY = 'launch-template/nodepool-1a2b3c4d/1.36.3-gke.1';
const NAME = 'gke-1-nodepool-1a2b3c4d-1.36.3-gke.1';
const OTHER = 'f'.repeat(64);

/** The token of the request that mends a template whose newest version says something else. */
const tokenAfter = async (version: number, instanceType: string): Promise<unknown> => {
  const marks = [markOf(String(version), OTHER)];
  const tags = { [CLUSTER_TAG]: CLUSTER_ID, [UID_TAG]: CLUSTER.uid, [KEY_TAG]: KEY };
  const template = {
    LaunchTemplateId: 'lt-1',
    LaunchTemplateName: NAME,
    LatestVersionNumber: version,
    Tags: [...Object.entries(tags).map(([Key, Value]) => ({ Key, Value })), ...marks],
  };
  const { clients, asked } = answering({
    DescribeLaunchTemplates: () => ({ LaunchTemplates: [template] }),
    GenerateDataKey: () => ({ Plaintext: new Uint8Array(32), CiphertextBlob: new Uint8Array(16) }),
    CreateLaunchTemplateVersion: () => ({ LaunchTemplateVersion: { VersionNumber: version + 1 } }),
    CreateTags: () => ({}),
    DeleteTags: () => ({}),
  });
  const driver = launchTemplateDriver(clients, () => Promise.reject(new Error('no secret is asked for')));
  const properties = {
    ...{ name: NAME, imageId: 'ami-1', instanceType, keyName: 'key', iamInstanceProfile: 'nodes', tags: {} },
    groupIds: ['sg-1'],
    rootVolume: { sizeGiB: 32, type: 'gp3' },
    userData: { role: 'node' as const, configuration: nodeConfiguration(), secrets: {}, kmsKeyArn: 'arn:key' },
  };
  const resource = { key: KEY, kind: 'launch-template' as const, properties };
  const step = { id: `ensure ${KEY}`, verb: 'ensure' as const, needs: [], resource };
  const request = { object: CLUSTER, owner: ownerOf(CLUSTER), entityId: 'test', first: false, step };
  await ensureResource(driver, request, { signal: new AbortController().signal, since: 0 });
  return asked.find(({ operation }) => operation === 'CreateLaunchTemplateVersion')?.input['ClientToken'];
};

test('the same version after the same one is the same request, and no other is', async () => {
  const token = await tokenAfter(2, 't3.medium');
  expect(token).toMatch(/\S{8,}/);
  expect(await tokenAfter(2, 't3.medium')).toBe(token);
  expect(await tokenAfter(2, 't3.large')).not.toBe(token);
  // Somebody wrote another in between: what is written again is no repetition of the request before.
  expect(await tokenAfter(4, 't3.medium')).not.toBe(token);
});

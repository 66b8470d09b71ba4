/** What machines of a control plane were made of: asked only of those that the inventory does not say it of already. */
import { describe, expect, test } from '@jest/globals';
import { fingerprintsOf } from '../../../activities/aws/launch-template-marks.ts';
import { withOrigins } from '../../../activities/aws/origins.ts';
import type { AutoScalingGroupState } from '../../../kinds/auto-scaling-group.ts';
import { type Found, observed, observedState } from '../../../kinds/resource.ts';
import { type Answers, answering, refusal } from './answering.ts';

const GROUP = 'auto-scaling-group/controlplane-1';
const [NEW, OLD] = ['1', '0'].map((digit) => digit.repeat(64)) as [string, string];

type Machine = { readonly template?: string; readonly version: string };

/** A cluster whose replica 1 has a template of version 2, and a group that launches from some version. */
const inventory = (machines: readonly Machine[], launches = '2', established = true): readonly Found[] => {
  const instances = machines.map(({ template = 'lt-1', version }, index) => ({
    ...{ id: `i-${index}`, inService: true, templateId: template, templateVersion: version },
  }));
  const group: AutoScalingGroupState = {
    ...{ name: 'g', launchTemplateId: 'lt-1', launchTemplateVersion: launches, minSize: 1, maxSize: 1, desired: 1 },
    ...{ deleting: false, instances },
  };
  return [
    ...(established ? [observed('established', 'established/etcd', {}, { volumeIds: ['vol-1'] })] : []),
    observed(
      'launch-template',
      'launch-template/controlplane-1/1.36.3-gke.1',
      { id: 'lt-1', version: '2', fingerprint: NEW },
      { name: 't', fingerprint: NEW },
    ),
    observed('auto-scaling-group', GROUP, { name: 'g' }, group),
  ];
};

const look = async (found: readonly Found[], answers: Answers = {}) => {
  const { clients, asked } = answering({
    DescribeLaunchTemplateVersions: () => ({
      LaunchTemplateVersions: [{ VersionNumber: 1, VersionDescription: `slipway fingerprint ${OLD}` }],
    }),
    ...answers,
  });
  const signal = new AbortController().signal;
  const all = await withOrigins((versions) => fingerprintsOf(clients.ec2, versions, signal), found, signal);
  const group = all.find(({ key }) => key === GROUP);
  if (group === undefined) throw new Error('The group was lost.');
  return { state: observedState('auto-scaling-group', group), asked };
};

describe('a machine of the newest version of its template', () => {
  test('costs no call, nor does that of a cluster that is not established', async () => {
    expect((await look(inventory([{ version: '2' }]))).asked).toEqual([]);
    expect((await look(inventory([{ version: '1' }], '1', false))).asked).toEqual([]);
  });
});

describe('a machine of an earlier version', () => {
  test('is told what that version says of itself', async () => {
    const { state, asked } = await look(inventory([{ version: '1' }]));
    expect(state.instances).toMatchObject([{ templateVersion: '1', madeOf: { fingerprint: OLD } }]);
    expect(asked.map(({ input }) => input)).toEqual([{ LaunchTemplateId: 'lt-1', Versions: ['1'] }]);
  });

  test('is told nothing where its template is gone', async () => {
    const { state } = await look(inventory([{ template: 'lt-0', version: '1' }]), {
      DescribeLaunchTemplateVersions: () => refusal('InvalidLaunchTemplateId.NotFound', 'it does not exist'),
    });
    expect(state.instances).toMatchObject([{ templateId: 'lt-0' }]);
    expect(state.instances?.[0]).not.toHaveProperty('madeOf');
  });

  test('is never taken for another because AWS did not answer', async () => {
    const refused = look(inventory([{ version: '1' }]), {
      DescribeLaunchTemplateVersions: () => refusal('UnauthorizedOperation', 'no'),
    });
    await expect(refused).rejects.toThrow('no');
  });
});

describe('a group without a machine', () => {
  test('is told what it launches from where that is not the newest version', async () => {
    expect((await look(inventory([], '1'))).state.launches).toEqual({ fingerprint: OLD });
    expect((await look(inventory([]))).asked).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { nodeComponents } from '../../../machine/node-components.ts';
import { settingsOf } from '../../../sandbox/kubelet/settings.ts';
import { nodeConfiguration, nodeMachine } from '../../machine/examples.ts';

describe('A played kubelet', () => {
  test('does what its description says, and knows nothing else', () => {
    const configuration = nodeConfiguration({
      versions: { kubernetes: '1.35.9' },
      maxPodsPerNode: 30,
      labels: { team: 'web', empty: '' },
      taints: [{ key: 'dedicated', effect: 'NoExecute' }],
    });
    expect(settingsOf(nodeComponents(nodeMachine({ configuration, cpus: 4 })))).toEqual({
      version: '1.35.9',
      labels: expect.objectContaining({ team: 'web', empty: '', 'slipway.dev/node-pool': '1a2b3c4d' }),
      taints: [{ key: 'dedicated', effect: 'NoExecute' }],
      maxPods: 30,
      reserved: { cpuMillis: 80, memoryMiB: 585 },
      evictionMemoryMiB: 100,
    });
  });

  test('is not played where a description lacks what it would be told', () => {
    const [, kubelet] = nodeComponents(nodeMachine());
    if (kubelet?.program.kind !== 'binary') throw new Error('a kubelet is a binary');
    const without = { ...kubelet, program: { ...kubelet.program, arguments: [] } };
    expect(() => settingsOf([])).toThrow('without a kubelet');
    expect(() => settingsOf([without])).toThrow('kubelet is described without --config');
    expect(() => settingsOf([{ ...kubelet, files: [] }])).toThrow(
      'without its configuration, /run/config/kubelet.yaml',
    );
  });
});

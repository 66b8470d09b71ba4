/** What the watcher tells entities, and what it remembers of it. */
import { describe, expect, jest, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { Observed } from '../../client/watcher/observed.ts';
import { signals } from '../../client/watcher/signals.ts';

const cluster: Observed = {
  kind: 'AWSCluster',
  namespace: 'default',
  name: 'cluster-0',
  uid: '0b9b1a52-0000-0000-0000-000000000000',
  generation: 1,
  deleting: false,
  annotations: {},
};

const clientDouble = () => {
  const signalWithStart = jest.fn(() => Promise.resolve());
  return { signalWithStart, client: { workflow: { signalWithStart } } as unknown as Pick<Client, 'workflow'> };
};

describe('an object that is listed again and again without any news', () => {
  test('is told once, and its entity is noticed when it has ended, however often the list comes', async () => {
    const { client, signalWithStart } = clientDouble();
    const entities = signals(client);
    const clock = jest.spyOn(Date, 'now').mockReturnValue(1_000);
    await entities.tell({ type: 'changed', object: cluster });
    clock.mockReturnValue(20_000);
    await entities.tell({ type: 'changed', object: cluster });
    clock.mockRestore();
    expect(signalWithStart).toHaveBeenCalledTimes(1);
    expect(entities.forgetEnded(new Set(), 10_000)).toBe(1);
    await entities.tell({ type: 'changed', object: cluster });
    expect(signalWithStart).toHaveBeenCalledTimes(2);
  });
});

import { describe, expect, test } from '@jest/globals';
import { keepNetworkInterface, type Taker, takeNetworkInterface, takeVolume } from '../../agent/attachments.ts';
import type { Ec2 } from '../../agent/aws/ec2.ts';
import { waitFor } from '../support/wait.ts';
import { accountOf, CLUSTER, recordedLog } from './doubles.ts';

const never = new AbortController().signal;
const takerIn = ({ ec2 }: { readonly ec2: Ec2 }): Taker => ({ ec2, instanceId: 'i-new', clusterId: CLUSTER });

describe.each([
  ['volume', takeVolume, 'vol-1'],
  ['network interface', takeNetworkInterface, 'eni-1'],
] as const)('Taking the %s', (noun, take, id) => {
  test('attaches a free one, and returns when it is attached', async () => {
    const account = accountOf({});
    await take(takerIn(account), id, recordedLog().log, never);
    expect(account.holderOf(id)).toBe('i-new');
  });

  test('is content with what is already its own', async () => {
    const account = accountOf({ [id]: 'i-new' });
    const { log, messages } = recordedLog();
    await take(takerIn(account), id, log, never);
    expect(messages()).toEqual([]);
  });

  test('waits for a running holder and says which, until that one is terminated', async () => {
    const account = accountOf({ [id]: 'i-old' });
    const { log, messages } = recordedLog();
    const taken = take(takerIn(account), id, log, never);
    await waitFor('it says what it waits for', () =>
      Promise.resolve(
        messages().some((each) => each.includes('attached to instance i-old, which is running')) || undefined,
      ),
    );
    expect(account.holderOf(id)).toBe('i-old');
    // EC2 lets go of everything that a terminated instance held.
    account.setState('i-old', 'terminated');
    account.setHolder(id, undefined);
    await taken;
    expect(account.holderOf(id)).toBe('i-new');
  });

  test('takes it from a stopped holder without force', async () => {
    const account = accountOf({ [id]: 'i-old' });
    account.setState('i-old', 'stopped');
    await take(takerIn(account), id, recordedLog().log, never);
    expect(account.holderOf(id)).toBe('i-new');
  });

  test(`ends its wait when it is told to`, async () => {
    const account = accountOf({ [id]: 'i-old' });
    const stopping = new AbortController();
    const taken = take(takerIn(account), id, recordedLog().log, stopping.signal);
    stopping.abort(new Error(`no more ${noun}`));
    await expect(taken).rejects.toThrow();
  });

  test.each([
    ['of another cluster', { 'slipway.dev/cluster': 'gke-ffffffff' }, "tagged as gke-ffffffff's"],
    ['without a cluster’s tag', {}, 'not tagged as one of'],
  ])('leaves one %s alone, free as it is, and says why', async (_what, tags, why) => {
    const account = accountOf({});
    account.setTags(id, tags);
    const { log, messages } = recordedLog();
    const stopping = new AbortController();
    const taken = take(takerIn(account), id, log, stopping.signal);
    await waitFor('it says why', () => Promise.resolve(messages().some((each) => each.includes(why)) || undefined));
    expect(account.holderOf(id)).toBeUndefined();
    // The owner puts it right.
    account.setTags(id, { 'slipway.dev/cluster': CLUSTER });
    await taken;
    expect(account.holderOf(id)).toBe('i-new');
  });
});

describe('A network interface that is detached under a running replica', () => {
  test('is taken again, and its address made usable', async () => {
    const account = accountOf({ 'eni-1': 'i-new' });
    const stopping = new AbortController();
    const { log, messages } = recordedLog();
    const own = { mac: '02:00:00:00:00:aa', id: 'eni-0' };
    // As EC2's metadata has it: a directory for each interface that is attached at the moment.
    const metadata = {
      read: (path: string): Promise<string> => {
        const all = [
          own,
          ...(account.holderOf('eni-1') === 'i-new' ? [{ mac: '02:00:00:00:00:bb', id: 'eni-1' }] : []),
        ];
        if (path.endsWith('/macs/')) return Promise.resolve(all.map(({ mac }) => `${mac}/`).join('\n'));
        return Promise.resolve(all.find(({ mac }) => path.includes(`/${mac}/`))?.id ?? '');
      },
    };
    let taken = 0;
    const watching = keepNetworkInterface(
      {
        metadata,
        interfaceId: 'eni-1',
        taker: takerIn(account),
        onTaken: () => Promise.resolve(void (taken += 1)),
      },
      log,
      stopping.signal,
    );
    account.setHolder('eni-1', undefined);
    await waitFor('it is attached again', () => Promise.resolve(taken > 0 || undefined));
    expect(account.holderOf('eni-1')).toBe('i-new');
    expect(messages().some((each) => each.includes('eni-1 is no longer attached'))).toBe(true);
    stopping.abort(new Error('the machine stops'));
    await expect(watching).rejects.toThrow();
    expect(taken).toBe(1);
  });
});

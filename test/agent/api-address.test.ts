/** A node dials wherever its load balancer is, and asks AWS no more often than it must. */
import { describe, expect, test } from '@jest/globals';
import { findApi, type Lookup } from '../../agent/api-address.ts';
import { createLog } from '../../agent/log.ts';

const NAME = 'gke-0a1b2c3d-controlplane';
const FIRST = `${NAME}-1.elb.eu-west-1.amazonaws.com`;
const SECOND = `${NAME}-2.elb.eu-west-1.amazonaws.com`;

/** An account with one load balancer, a clock that stands still, and no chance. */
const world = (answers: (string | undefined | Error)[]) => {
  const state = { at: 0, asked: 0, dns: undefined as string | undefined | Error };
  const lines: string[] = [];
  const lookup: Lookup = {
    loadBalancers: async () => ({
      dnsNameOf: async () => {
        state.asked += 1;
        const answer = answers.length > 0 ? answers.shift() : state.dns;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    }),
    log: createLog((line) => lines.push(line)),
    now: () => state.at,
    random: () => 1,
  };
  return { state, lines, lookup };
};

const find = ({ lookup }: ReturnType<typeof world>, loadBalancer: string | undefined = NAME) =>
  findApi(
    { endpoint: 'gke-0a1b2c3d.slipway.internal', ...(loadBalancer === '' ? {} : { loadBalancer }) },
    lookup,
    new AbortController().signal,
  );

describe('the address of a cluster’s API', () => {
  test('is what AWS calls its load balancer, waited for at boot', async () => {
    const account = world([undefined, new Error('throttled'), FIRST]);
    expect((await find(account)).host()).toBe(FIRST);
    expect(account.lines.join('')).toContain(`Looking for load balancer ${NAME}: there is none of that name`);
  });

  test('is what user data of earlier formats says, and AWS is not asked', async () => {
    const account = world([]);
    const api = await find(account, '');
    await api.unanswered();
    expect(api.host()).toBe('gke-0a1b2c3d.slipway.internal');
    expect(account.state.asked).toBe(0);
  });

  test('is another one once nobody answers and the load balancer was made anew', async () => {
    const account = world([FIRST]);
    const api = await find(account);
    account.state.dns = undefined;
    await api.unanswered();
    expect(api.host()).toBe(FIRST);
    account.state.dns = SECOND;
    account.state.at += 60_000;
    await api.unanswered();
    expect(api.host()).toBe(SECOND);
    expect(account.lines.join('')).toContain('has another DNS name');
  });

  test('is asked for ever more rarely while nobody answers, and soon again in another trouble', async () => {
    const account = world([FIRST]);
    const api = await find(account);
    account.state.dns = FIRST;
    const asked: number[] = [];
    for (; account.state.at < 300_000; account.state.at += 1_000) {
      const before = account.state.asked;
      await api.unanswered();
      if (account.state.asked > before) asked.push(account.state.at / 1_000);
    }
    expect(asked).toEqual([0, 10, 30, 70, 130, 190, 250]);
    account.state.at += 600_000;
    const before = account.state.asked;
    await api.unanswered();
    account.state.at += 6_000;
    await api.unanswered();
    expect(account.state.asked - before).toBe(2);
  });

  test('stays what it was where AWS does not answer, which is said', async () => {
    const account = world([FIRST, new Error('AWS is away')]);
    const api = await find(account);
    await api.unanswered();
    expect(api.host()).toBe(FIRST);
    expect(account.lines.join('')).toContain('could not be looked up: AWS is away');
  });
});

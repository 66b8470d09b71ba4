/** A replica does what it is told once, in time, and only if it is the one that is meant. */
import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../agent/log.ts';
import { COMES_BACK_MILLIS, followOrders, lookMillis, ORDER_MILLIS, type Serving } from '../../agent/orders.ts';
import { createSnapshotOrders } from '../../agent/snapshot-orders.ts';
import type { Serves } from '../../machine/serves.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import { begunIn, ORDER_TAG, type Order, orderText, REPORT_TAG, reportIn } from '../../words/orders.ts';
import { present } from '../../words/present.ts';
import { waitFor } from '../support/wait.ts';

const START = 1_764_480_000_000;
const ORDER: Order = { token: 'first', verb: 'leave', instanceId: 'i-me', until: START / 1_000 + 180 };

const SERVES: Serves = { version: '1.37.2', emulation: '1.36' };

/** A volume with its tags, and a machine that remembers what it did. */
const replica = (
  settings: {
    readonly failing?: string;
    readonly away?: number;
    readonly refusal?: string;
    /** Is told what each look at the tags showed. */
    readonly schedule?: (tags: Readonly<Record<string, string>> | undefined) => Promise<void>;
    /** Resolves once the snapshot it takes is to end. */
    readonly snapshot?: Promise<string>;
  } = {},
) => {
  const tags: Record<string, string> = {};
  const did: string[] = [];
  const heeded: (string | undefined)[] = [];
  const lines: string[] = [];
  const state = { at: START, away: settings.away ?? 0, looks: 0, blind: false };
  const stopping = new AbortController();
  const log = createLog((line) => lines.push(line));
  const tag = async (_id: string, more: Readonly<Record<string, string>>): Promise<void> => {
    if (state.away > 0) {
      state.away -= 1;
      throw new Error('EC2 is away');
    }
    Object.assign(tags, more);
  };
  const over = followOrders(
    {
      volumeId: 'vol-1',
      instanceId: 'i-me',
      ec2: {
        volume: async (id) => {
          state.looks += 1;
          if (state.blind) throw new Error('EC2 is away');
          return { id, state: 'in-use', tags: { ...tags } };
        },
        tag,
      },
      serving: {
        leave: async () => {
          did.push('leave');
          if (settings.failing !== undefined) throw new Error(settings.failing);
        },
        serve: async (seen) => {
          did.push('serve');
          return seen?.[COMMITTED_TAG] === undefined ? SERVES : { ...SERVES, emulation: '1.37' };
        },
        heed: async (seen) => {
          heeded.push(seen?.[COMMITTED_TAG]);
          return settings.refusal;
        },
        emulates: () => false,
      },
      serves: SERVES,
      ...present({ schedule: settings.schedule }),
      snapshots: createSnapshotOrders({
        ...{ volumeId: 'vol-1', ec2: { tag }, log },
        backUp: ({ bucket, ...by }) => {
          did.push(`snapshot to ${bucket} by ${'token' in by ? by.token : 'schedule'}`);
          return settings.snapshot ?? Promise.resolve('gke-0a1b2c3d/etcd/20261130T194500123Z-7.db');
        },
      }),
      log,
      everyMillis: 1,
      now: () => state.at,
    },
    stopping.signal,
  );
  // It ends only by the abort below.
  over.catch(() => undefined);
  const someLooks = async (): Promise<void> => {
    const then = state.looks;
    await waitFor('three looks more', async () => (state.looks >= then + 3 ? true : undefined), { intervalMs: 2 });
  };
  return {
    tags,
    did,
    heeded,
    lines,
    state,
    told: (order: Partial<Order> = {}) => void (tags[ORDER_TAG] = orderText({ ...ORDER, ...order })),
    reported: () => waitFor('a report', async () => reportIn(tags[REPORT_TAG]) ?? undefined, { intervalMs: 2 }),
    someLooks,
    [Symbol.dispose]: () => stopping.abort(new Error('the test is over')),
  };
};

describe('a replica that is told', () => {
  test('to leave stops serving, says so, and does nothing more about it', async () => {
    using one = replica();
    one.told();
    expect(await one.reported()).toEqual({ token: 'first', result: 'done' });
    await one.someLooks();
    expect(one.did).toEqual(['leave']);
  });

  test('to restart stops serving and serves again, once for each order', async () => {
    using one = replica();
    one.told({ verb: 'restart' });
    await one.reported();
    one.told({ verb: 'restart', token: 'second' });
    await waitFor('the second report', async () =>
      one.tags[REPORT_TAG] === 'second done 1.37.2 1.36' ? true : undefined,
    );
    expect(one.did).toEqual(['leave', 'serve', 'leave', 'serve']);
  });

  test.each<[string, Partial<Order>]>([
    ['another machine’s order', { instanceId: 'i-before-me' }],
    ['an order that comes too late', { until: START / 1_000 - 1 }],
  ])('%s does nothing', async (_, order) => {
    using one = replica();
    one.told(order);
    await one.someLooks();
    expect(one.did).toEqual([]);
    expect(one.tags[REPORT_TAG]).toBeUndefined();
  });

  test('what an agent before it has reported does nothing', async () => {
    using one = replica();
    one.tags[REPORT_TAG] = 'first done';
    one.told();
    await one.someLooks();
    expect(one.did).toEqual([]);
  });

  test('reports once EC2 answers again, and has acted once', async () => {
    using one = replica({ away: 1 });
    one.told();
    await one.reported();
    expect(one.did).toEqual(['leave']);
  });

  test('says what it could not do', async () => {
    using one = replica({ failing: 'kube-apiserver did not end' });
    one.told();
    expect(await one.reported()).toEqual({ token: 'first', result: 'failed', why: 'kube-apiserver did not end' });
  });

  test('to leave, and is never ended, serves again after a while', async () => {
    using one = replica();
    one.told();
    await one.reported();
    one.state.at += COMES_BACK_MILLIS;
    await one.someLooks();
    expect(one.did).toEqual(['leave']);
    one.state.at += 1;
    await waitFor('it serves again', async () => (one.did.length > 1 ? true : undefined), { intervalMs: 2 });
    await one.someLooks();
    expect(one.did).toEqual(['leave', 'serve']);
    expect(one.lines.join('')).toContain('Nobody has ended the machine');
  });

  describe('to take a snapshot', () => {
    const SNAPSHOT = { verb: 'snapshot', bucket: 'backups' } as const;

    test('takes one, serves on, and says where it is', async () => {
      using one = replica();
      one.told(SNAPSHOT);
      expect(await one.reported()).toEqual({
        token: 'first',
        result: 'done',
        says: 'gke-0a1b2c3d/etcd/20261130T194500123Z-7.db',
      });
      one.state.at += COMES_BACK_MILLIS + 1;
      await one.someLooks();
      expect(one.did).toEqual(['snapshot to backups by first']);
    });

    test('says that it is at it, and does what else it is told meanwhile', async () => {
      let end = (_key: string): void => undefined;
      using one = replica({ snapshot: new Promise((resolve) => (end = resolve)) });
      one.told(SNAPSHOT);
      await waitFor('it has begun', async () => (begunIn(one.tags[REPORT_TAG]) === 'first' ? true : undefined));
      one.told({ verb: 'leave', token: 'second' });
      await waitFor('it has left', async () => (one.tags[REPORT_TAG] === 'second done' ? true : undefined));
      end('key');
      await waitFor('it says where', async () => (one.tags[REPORT_TAG] === 'first done key' ? true : undefined));
      expect(one.did).toEqual(['snapshot to backups by first', 'leave']);
    });

    test('without an order, tells a schedule what each look showed, and nothing once it could not look', async () => {
      const seen: unknown[] = [];
      using one = replica({ schedule: async (tags) => void seen.push(tags?.['slipway.dev/backup']) });
      one.tags['slipway.dev/backup'] = 'backups 6';
      await waitFor('it was told', async () => (seen.includes('backups 6') ? true : undefined));
      one.state.blind = true;
      await waitFor('it was told of nothing', async () => (seen.at(-1) === undefined ? true : undefined));
    });

    test('says why it has none', async () => {
      using one = replica({ snapshot: Promise.reject(new Error('AccessDenied: no right to PutObject')) });
      one.told(SNAPSHOT);
      expect(await one.reported()).toMatchObject({ result: 'failed', why: 'AccessDenied: no right to PutObject' });
    });

    test('does not begin before it could say so, and then begins once', async () => {
      using one = replica({ away: 2 });
      one.told(SNAPSHOT);
      await one.reported();
      await one.someLooks();
      expect(one.did).toEqual(['snapshot to backups by first']);
    });
  });

  test('to restart says what it serves, as the tags beside the order have it', async () => {
    using one = replica();
    one.tags[COMMITTED_TAG] = '1.37';
    one.told({ verb: 'restart' });
    await one.reported();
    expect(one.tags[REPORT_TAG]).toBe('first done 1.37.2 1.37');
  });

  test('to restart what may not start again is left as it is, and says why', async () => {
    using one = replica({ refusal: 'the volume is at 1.38' });
    one.told({ verb: 'restart' });
    expect(await one.reported()).toEqual({ token: 'first', result: 'failed', why: 'the volume is at 1.38' });
    one.state.at += COMES_BACK_MILLIS + 1;
    await one.someLooks();
    expect(one.did).toEqual([]);
  });

  test('to leave may, whatever may start; and is not brought back against the floor', async () => {
    using one = replica({ refusal: 'the volume is at 1.38' });
    one.told();
    expect(await one.reported()).toMatchObject({ result: 'done' });
    one.state.at += COMES_BACK_MILLIS + 1;
    await one.someLooks();
    expect(one.did).toEqual(['leave']);
    expect(one.lines.filter((line) => line.includes('the volume is at 1.38'))).toHaveLength(1);
  });
});

describe('what tags say of emulation', () => {
  test('is looked at twice as often while it matters, and never more rarely than a host wants', () => {
    const serving = (emulates: boolean): Serving => ({
      leave: () => Promise.resolve(),
      serve: () => Promise.resolve(SERVES),
      heed: () => Promise.resolve(undefined),
      emulates: () => emulates,
    });
    const every = (everyMillis: number, emulates: boolean) => lookMillis({ everyMillis, serving: serving(emulates) });
    expect([every(ORDER_MILLIS, false), every(ORDER_MILLIS, true)]).toEqual([30_000, 15_000]);
    expect([every(2_000, false), every(2_000, true)]).toEqual([2_000, 2_000]);
  });

  test('is heeded at every look, without an order', async () => {
    using one = replica();
    await one.someLooks();
    one.tags[COMMITTED_TAG] = '1.37';
    await waitFor('it is heeded', async () => (one.heeded.includes('1.37') ? true : undefined), { intervalMs: 2 });
    expect(one.did).toEqual([]);
  });

  test('a machine of a cluster that is upgraded says once what it serves', async () => {
    using one = replica();
    one.tags[EMULATES_TAG] = '1.36';
    expect(await one.reported()).toEqual({ token: 'i-me', result: 'done', says: '1.37.2 1.36' });
    delete one.tags[REPORT_TAG];
    await one.someLooks();
    expect(one.tags[REPORT_TAG]).toBeUndefined();
  });

  test('a machine takes the place of what was said of the one before it, and not of what was said of an order to itself', async () => {
    using after = replica();
    Object.assign(after.tags, { [EMULATES_TAG]: '1.36', [REPORT_TAG]: 'first done' });
    after.told({ instanceId: 'i-before-me' });
    await waitFor('its own word', async () => after.tags[REPORT_TAG]?.startsWith('i-me ') || undefined, {
      intervalMs: 2,
    });
    using again = replica();
    Object.assign(again.tags, { [EMULATES_TAG]: '1.36', [REPORT_TAG]: 'first done' });
    again.told();
    await again.someLooks();
    expect(again.tags[REPORT_TAG]).toBe('first done');
  });

  test('a machine of a cluster that never was says nothing', async () => {
    using one = replica();
    await one.someLooks();
    expect(one.tags[REPORT_TAG]).toBeUndefined();
  });
});

/** Waiting for a control plane that hangs, refuses, isn't ready, and answers. */
import { describe, expect, test } from '@jest/globals';
import type { Readiness, Wanted } from '../../../activities/driver.ts';
import { controlPlaneDriver } from '../../../activities/kubernetes/control-plane.ts';
import { soonest } from '../../../activities/kubernetes/soonest.ts';
import type { KubernetesClient } from '../../../kubernetes/client.ts';
import type { HttpAnswer } from '../../../kubernetes/transport.ts';

type Probe = (look: number, signal: AbortSignal) => Promise<HttpAnswer>;

const READY: HttpAnswer = { status: 200, text: '[+]ping ok\n[+]etcd ok\nreadyz check passed' };

const hangs = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });

/** A control plane whose looks are answered as told, and how often it was asked. */
const controlPlaneThat = (probe: Probe) => {
  const seen = { looks: 0 };
  const client = {
    probe: (_path: string, { signal }: { readonly signal: AbortSignal }) => probe(seen.looks++, signal),
  } as unknown as KubernetesClient;
  const driver = controlPlaneDriver(() => Promise.resolve(client));
  const wanted = {
    properties: { endpoint: 'balancer.elb' },
    object: { namespace: 'default' },
    owner: { clusterId: 'gke-1' },
    signal: new AbortController().signal,
    since: Date.now(),
  } as unknown as Wanted<'control-plane'>;
  const check = async (): Promise<Readiness | undefined> => driver.check?.(wanted);
  return { seen, check };
};

describe('a control plane', () => {
  test('is there once it answered three times in a row, each over a connection of its own', async () => {
    const { seen, check } = controlPlaneThat(() => Promise.resolve(READY));
    expect(await check()).toEqual({ ready: true, outputs: {} });
    expect(seen.looks).toBe(3);
  });

  test('is there as soon as one connection is answered, though one that was begun before hangs', async () => {
    const { seen, check } = controlPlaneThat((look, signal) => (look === 0 ? hangs(signal) : Promise.resolve(READY)));
    expect(await check()).toEqual({ ready: true, outputs: {} });
    expect(seen.looks).toBe(4);
  });

  test('that names a failing check is waited for by that name', async () => {
    const { check } = controlPlaneThat(() =>
      Promise.resolve({ status: 500, text: '[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed' }),
    );
    expect(await check()).toMatchObject({ ready: false, awaited: expect.stringContaining('still fail: etcd') });
  });
});

describe('who is asked soonest', () => {
  /** Pauses that end when told. */
  const steps = () => {
    const waiting: (() => void)[] = [];
    const pause = (_ms: number, signal: AbortSignal): Promise<unknown> =>
      Promise.race([hangs(signal), new Promise<void>((resolve) => waiting.push(resolve))]);
    const next = async (): Promise<void> => {
      waiting.shift()?.();
      await new Promise(setImmediate);
    };
    return { pause, next };
  };

  test('is given up once another has answered, and nobody else is asked', async () => {
    const { pause, next } = steps();
    const signals: AbortSignal[] = [];
    const answer = soonest(
      (signal) => {
        signals.push(signal);
        return signals.length === 3 ? Promise.resolve('third') : hangs(signal);
      },
      { everyMs: 1, signal: new AbortController().signal, pause },
    );
    await next();
    await next();
    expect(await answer).toBe('third');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
    await next();
    expect(signals).toHaveLength(3);
  });

  test('refuses for all of them: a refusal is an answer', async () => {
    const { pause } = steps();
    const refused = soonest(() => Promise.reject(new Error('refused')), {
      everyMs: 1,
      signal: new AbortController().signal,
      pause,
    });
    await expect(refused).rejects.toThrow('refused');
  });

  test('hangs no longer than the look', async () => {
    const { pause, next } = steps();
    const look = new AbortController();
    const answer = soonest(hangs, { everyMs: 1, signal: look.signal, pause });
    const failed = expect(answer).rejects.toThrow('the look is over');
    await next();
    look.abort(new Error('the look is over'));
    await failed;
  });
});

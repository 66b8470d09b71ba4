/**
 * Sightings: when it was first to be seen, from each side, that something is stuck.
 *
 * Owns: looking once a second, from before anything can be stuck. Neighbours: `sides.ts` reads the same sides one object at a
 * time. `slipway clusters describe` and `kubectl describe` both show the object's status, so that is one side here; the
 * operation's current details change in the same workflow task as the search attribute. Metrics count by kind and verdict,
 * so the first that is stuck in a way is seen there for all that follow.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SandboxForTests } from '../support/sandbox.ts';
import { blockedLine, kindOfStep, type StuckStep, type sidesOf } from './sides.ts';

const LOOK_MS = 1_000;

type Listed = {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status?: { readonly lastErrors?: readonly StuckStep[] };
};

export type Sightings = {
  /** Milliseconds since the epoch at which each side first showed it; undefined where none has yet. */
  readonly of: (stuck: StuckStep, object: string, workflowId: string) => Readonly<Record<Side, number | undefined>>;
  /** What the last looks could not see, and why. */
  readonly trouble: () => readonly string[];
  readonly end: () => Promise<void>;
};
type Side = 'status' | 'search attribute' | 'metric';

export const watchSides = (sandbox: SandboxForTests, sides: ReturnType<typeof sidesOf>): Sightings => {
  const first = new Map<string, number>();
  const over = new AbortController();
  let trouble: readonly string[] = [];
  const see = (side: Side, ...what: readonly string[]): void => {
    const key = [side, ...what].join('|');
    if (!first.has(key)) first.set(key, Date.now());
  };
  const looks: readonly (() => Promise<void>)[] = [
    async () => {
      for (const { kind, metadata, status } of await sandbox.objects().all<Listed>()) {
        for (const { step } of status?.lastErrors ?? []) see('status', `${kind} ${metadata.name}`, step);
      }
    },
    async () => {
      for (const id of await sides.found('SlipwayBlockedStep IS NOT NULL')) see('search attribute', id);
    },
    async () => {
      const counts = (await sides.metrics()).matchAll(new RegExp(blockedLine('([^"]+)', '([^"]+)'), 'gm'));
      for (const [, kind = '', verdict = ''] of counts) see('metric', kind, verdict);
    },
  ];
  const looking = (async () => {
    while (!over.signal.aborted) {
      // The worker is away at times, and its metrics with it: what can't be seen now is seen by a later look.
      const looked = await Promise.allSettled(looks.map((look) => look()));
      trouble = looked.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
      await delay(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return {
    of: ({ step, verdict }, object, workflowId) => ({
      status: first.get(['status', object, step].join('|')),
      'search attribute': first.get(['search attribute', workflowId].join('|')),
      metric: first.get(['metric', kindOfStep(step), verdict].join('|')),
    }),
    trouble: () => trouble,
    end: async () => {
      over.abort();
      await looking;
    },
  };
};

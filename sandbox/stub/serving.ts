/**
 * Serving: the API server of a stub replica, which orders take out of service and bring back.
 *
 * Owns: as what it serves, by the agent's own decision, and how it leaves: it is not ready, serves on until a load balancer has noticed,
 * and then answers nobody, while etcd goes on. Neighbours: `replica.ts` tells when; `server.ts` listens, `agent/orders.ts` obeys.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AllowedStart, Emulation, VolumeTags } from '../../agent/emulation.ts';
import type { Serving } from '../../agent/orders.ts';
import type { Minor } from '../../api/minor.ts';
import type { Serves } from '../../machine/serves.ts';
import type { Served } from './about.ts';
import type { Programs } from './programs.ts';
import type { ApiServer } from './server.ts';

export type StubServing = Serving & {
  readonly begin: (start: AllowedStart) => Promise<Serves>;
  readonly end: () => Promise<void>;
};

export type ServingOptions = {
  /** Version of Kubernetes, without a leading v. */
  readonly version: string;
  readonly emulation: Pick<Emulation, 'decide'>;
  readonly programsAs: (emulates: Minor | undefined) => Programs;
  readonly listen: (served: Served) => Promise<ApiServer>;
  /** Told what runs from now on. */
  readonly onChange: (programs: Programs) => void;
  /** For how long it serves on once it is told to stop. */
  readonly leaveMillis: number;
  readonly signal: AbortSignal;
};

type Running = { readonly server: ApiServer; readonly start: AllowedStart; readonly programs: Programs };

export const createServing = (options: ServingOptions): StubServing => {
  const { version, emulation, programsAs, listen, onChange, leaveMillis, signal } = options;
  const state: { running?: Running; isLeaving: boolean } = { isLeaving: false };

  const end = async (): Promise<void> => {
    const { running } = state;
    delete state.running;
    if (running === undefined) return;
    const { serves: _, ...others } = running.programs;
    onChange(others);
    await running.server.close();
  };

  const begin = async (start: AllowedStart): Promise<Serves> => {
    await end();
    signal.throwIfAborted();
    const programs = programsAs(start.emulates);
    state.isLeaving = false;
    const server = await listen({ programs, isLeaving: () => state.isLeaving });
    state.running = { server, start, programs };
    onChange(programs);
    return { version, emulation: start.serves };
  };

  return {
    begin,
    end,
    leave: async () => {
      state.isLeaving = true;
      if (state.running !== undefined) await delay(leaveMillis, undefined, { signal });
      await end();
    },
    serve: async (tags: VolumeTags) => {
      const start = await emulation.decide(tags);
      if (start.kind === 'wait') throw new Error(start.reason);
      return begin(start);
    },
    heed: async (tags: VolumeTags) => {
      const start = await emulation.decide(tags);
      return start.kind === 'wait' ? start.reason : undefined;
    },
    emulates: () => state.running?.start.emulates !== undefined,
  };
};

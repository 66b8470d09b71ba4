/**
 * Host: keeps the machines of this process equal to the instances in the account.
 *
 * Owns: the level-triggered loop's one look, a machine's death by order, that it hangs by order, and forgetting clusters whose volumes are
 * gone. Neighbours: `instances/reconcile.ts` decides, as for real instances; `machine.ts` is a machine, `node-lifecycle.ts` looks after nodes. An account that can't be
 * read changes nothing (I12).
 */
import { messageOf } from '../../words/failure.ts';
import type { Account, InstanceView } from '../instances/account.ts';
import { type Action, type Power, reconcile } from '../instances/reconcile.ts';
import type { StubCluster } from './clusters.ts';
import { type Machine, type Surroundings, startMachine } from './machine.ts';
import { lookAfterNodes } from './node-lifecycle.ts';
import type { Pulse } from './pulse.ts';

export type StubHost = {
  readonly look: () => Promise<void>;
  /** Kills a machine as a power failure would; its auto scaling group replaces it. False when it doesn't run. */
  readonly kill: (id: string) => Promise<boolean>;
  /** A machine hangs, or goes on, which EC2 does not notice. False when it doesn't run. */
  readonly hang: (id: string) => boolean;
  readonly resume: (id: string) => boolean;
  readonly running: () => readonly string[];
};

/** `died` and `reported` machines run no more; one that cannot boot stays dead a while before it is reported. */
type Standing = { readonly machine: Machine; power: Exclude<Power, 'off' | 'retired'>; reportAt: number };

const BOOT_LOOP_PAUSE_MS = 5_000;

type HostOptions = {
  readonly account: Account;
  readonly around: Surroundings;
  readonly volumeExists: (id: string) => Promise<boolean>;
  /** For how long a control plane hears nothing of a node before it says so. */
  readonly nodeGraceMs: number;
  readonly ring: () => void;
};

/** What is done to one machine. */
const createMachines = ({ account, around, ring }: HostOptions) => {
  const standing = new Map<string, Standing>();
  return {
    standing,
    start: (view: InstanceView): void => {
      if (view.privateIp === null) return;
      const machine = startMachine(view, around, (why) => {
        around.log.error(`Instance ${view.id} does not boot: ${why}`);
        const one = standing.get(view.id);
        if (one !== undefined) Object.assign(one, { power: 'died', reportAt: Date.now() + BOOT_LOOP_PAUSE_MS });
      });
      standing.set(view.id, { machine, power: 'on', reportAt: 0 });
    },
    end: (id: string): void => {
      const one = standing.get(id);
      if (one === undefined || one.power === 'ending') return;
      one.power = 'ending';
      void one.machine.stop().then(() => {
        standing.delete(id);
        ring();
      });
    },
    report: async (id: string): Promise<void> => {
      const one = standing.get(id);
      if (one === undefined || Date.now() < one.reportAt) return;
      await one.machine.stop();
      await account.terminate(id, 'its host process died');
      one.power = 'reported';
    },
    withPulse: (id: string, act: (pulse: Pulse) => void): boolean => {
      const one = standing.get(id);
      if (one?.power !== 'on') return false;
      act(one.machine.pulse);
      return true;
    },
    kill: async (id: string): Promise<boolean> => {
      const one = standing.get(id);
      if (one?.power !== 'on') return false;
      one.power = 'died';
      await one.machine.stop();
      ring();
      return true;
    },
  };
};

export const createStubHost = (options: HostOptions): StubHost => {
  const { account, around } = options;
  const { log, clusters } = around;
  const { standing, start, end, report, kill, withPulse } = createMachines(options);

  const perform = async (action: Action, views: ReadonlyMap<string, InstanceView>): Promise<void> => {
    switch (action.kind) {
      case 'start': {
        const view = views.get(action.id);
        if (view !== undefined) start(view);
        return;
      }
      case 'end':
        return end(action.id);
      case 'report':
        return report(action.id);
      case 'ended':
        return account.ended(action.id);
      case 'retire':
        standing.delete(action.id);
        return;
    }
  };

  /** A cluster without a machine is forgotten with its last volume. */
  const forgetGone = async (cluster: StubCluster): Promise<void> => {
    const exist = await Promise.all([...cluster.volumes].map(options.volumeExists));
    if (cluster.replicas.size === 0 && !exist.includes(true)) clusters.forget(cluster.id);
  };

  return {
    look: async () => {
      const listed = await account.instances();
      const views = new Map(listed.map((view) => [view.id, view]));
      const powers = new Map<string, Power>([...standing].map(([id, { power }]) => [id, power]));
      const idle = clusters.list().filter(({ replicas, volumes }) => replicas.size === 0 && volumes.size > 0);
      await Promise.all([
        ...reconcile(listed, powers).map((action) =>
          perform(action, views).catch((error: unknown) =>
            log.error(`Instance ${action.id} will be tried again: ${messageOf(error)}`, { action: action.kind }),
          ),
        ),
        ...idle.map((cluster) => forgetGone(cluster)),
      ]);
      for (const cluster of clusters.list()) lookAfterNodes(cluster, options.nodeGraceMs);
    },
    kill,
    hang: (id) => withPulse(id, ({ hang }) => hang()),
    resume: (id) => withPulse(id, ({ resume }) => resume()),
    running: () => [...standing].flatMap(([id, { power }]) => (power === 'on' ? [id] : [])).sort(),
  };
};

/**
 * Host: keeps the processes on this computer equal to the instances in the account.
 *
 * Owns: the level-triggered loop: look at the account and at the processes, decide, act, and look again when something
 * changed or after a second. Neighbours: `reconcile.ts` decides; `power.ts` acts; `metadata-server.ts` speaks to the
 * machines. Instances survive this process and are taken up again. An account that can't be read changes nothing (I12).
 */
import { messageOf } from '../../words/failure.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import type { Account, InstanceView } from './account.ts';
import { knownInstances, readRecord, retire } from './folder.ts';
import type { Log } from './follow.ts';
import type { MetadataServers } from './metadata-server.ts';
import { killRemains, markReported, powerOf, powerOff, powerOn } from './power.ts';
import { type Action, type Power, reconcile } from './reconcile.ts';

export type Host = {
  /** One look and what follows from it; resolves when starts and reports are done (endings go on by themselves). */
  readonly look: () => Promise<void>;
  readonly close: () => void;
};

/** An instance whose agent ends by itself is not reported sooner: its group would replace it for ever at full speed. */
const BOOT_LOOP_PAUSE_MS = 5_000;

type HostOptions = {
  readonly layout: SandboxLayout;
  readonly account: Account;
  readonly metadata: MetadataServers;
  readonly log: Log;
  /** Called when a process that this host started has exited, or an instance has ended: a reason to look. */
  readonly onExit: () => void;
};

/** Endings that go on while the loop looks again: to hurry one is to fire its signal. */
const createEndings = ({ layout, log, onExit }: HostOptions) => {
  const endings = new Map<string, AbortController>();
  return {
    isEnding: (id: string): boolean => endings.has(id),
    end: (id: string, now: boolean): void => {
      const running = endings.get(id);
      if (running !== undefined) {
        if (now) running.abort();
        return;
      }
      const controller = new AbortController();
      endings.set(id, controller);
      log.info({ instance: id, now }, 'Ending the instance');
      if (now) controller.abort();
      powerOff(layout, id, controller.signal)
        .finally(() => endings.delete(id))
        .then(
          () => {
            log.info({ instance: id }, 'The instance has ended');
            onExit();
          },
          // The next look, a second from now, tries again.
          (error: unknown) => log.error({ instance: id, error: messageOf(error) }, 'The instance could not be ended'),
        );
    },
  };
};

/** What is done to one instance. */
const createPowers = (options: HostOptions) => {
  const { layout, account, log, onExit } = options;
  const { isEnding, end } = createEndings(options);
  /** Instances whose agent this host saw end by itself: neither by order nor by a signal. */
  const endedThemselves = new Set<string>();
  return {
    end,
    report: async (id: string): Promise<void> => {
      const record = readRecord(folders(layout.home).instances, id);
      if (record === undefined) return;
      const lived = Date.now() - record.startedAt;
      await killRemains(layout, id);
      if (endedThemselves.has(id) && lived < BOOT_LOOP_PAUSE_MS) return;
      await account.terminate(id, 'its host process died');
      // Written only once the account knows: a host that dies in between tells it again, which is the same to the account.
      markReported(layout, id);
      endedThemselves.delete(id);
      log.info({ instance: id, lived }, 'The instance died by itself and was reported terminated');
    },
    start: async ({ id, privateIp }: InstanceView): Promise<void> => {
      if (privateIp === null) return;
      const { pid, adopted } = await powerOn(layout, id, privateIp, (status) => {
        log.info({ instance: id, status }, 'The agent has ended');
        if (status !== null && !isEnding(id)) endedThemselves.add(id);
        onExit();
      });
      log.info({ instance: id, address: privateIp, pid }, adopted ? 'Took up the instance' : 'Started the instance');
    },
  };
};

export const createHost = (options: HostOptions): Host => {
  const { layout, account, metadata, log } = options;
  const { instances } = folders(layout.home);
  const { start, end, report } = createPowers(options);

  const perform = async (action: Action, views: ReadonlyMap<string, InstanceView>): Promise<void> => {
    switch (action.kind) {
      case 'start': {
        const view = views.get(action.id);
        return view === undefined ? undefined : start(view);
      }
      case 'end':
        return end(action.id, action.now);
      case 'report':
        return report(action.id);
      case 'ended':
        return account.ended(action.id);
      case 'retire':
        return retire(instances, action.id);
    }
  };

  return {
    look: async () => {
      const listed = await account.instances();
      const views = new Map(listed.map((view) => [view.id, view]));
      // The machine's first question goes to its metadata: that has to listen before the machine starts.
      const served = await metadata.serve(
        listed.filter((view) => view.state !== 'terminated' && view.state !== 'stopped'),
      );
      const powers = new Map<string, Power>(knownInstances(instances).map((id) => [id, powerOf(layout, id)]));
      const decided = reconcile(listed, powers).filter(({ kind, id }) => kind !== 'start' || served.has(id));
      await Promise.all(
        decided.map((action) =>
          perform(action, views).catch((error: unknown) =>
            log.error({ instance: action.id, action: action.kind, error: messageOf(error) }, 'Will be tried again'),
          ),
        ),
      );
    },
    close: () => metadata.close(),
  };
};

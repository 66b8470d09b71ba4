/**
 * Parts: stops, starts and kills one of them.
 *
 * Owns: telling supervised parts from instances. An instance is no part of the supervisor's: it is switched off here, its
 * host reports that to the account, and its auto scaling group puts another in its place.
 */
import { SandboxFailure } from '../failure.ts';
import { folders } from '../layout.ts';
import { endGroup, signalGroup } from '../process.ts';
import { giveOrder } from '../supervisor/control.ts';
import { allInstances } from '../supervisor/instances.ts';
import { theSandbox } from './sandbox.ts';

export type PartVerb = 'stop' | 'start' | 'kill';

const SHUTDOWN_MILLISECONDS = 30_000;

const changeInstance = async (verb: PartVerb, home: string, id: string): Promise<void> => {
  const instance = allInstances(folders(home).instances).find((one) => one.id === id);
  if (instance === undefined) {
    throw new SandboxFailure('noSuchPart', `no instance ${id} was ever started here`, '`status` lists those that run');
  }
  if (verb === 'start' || instance.leader === undefined) {
    throw new SandboxFailure(
      'refused',
      instance.leader === undefined ? `instance ${id} is terminated` : `instance ${id} runs already`,
      'a terminated instance never comes back: its auto scaling group puts another in its place, see `status`',
    );
  }
  switch (verb) {
    case 'kill':
      return signalGroup(instance.leader, 'SIGKILL');
    case 'stop':
      return endGroup(instance.leader, SHUTDOWN_MILLISECONDS);
  }
};

export const changePart = async (verb: PartVerb, part: string): Promise<void> => {
  const { home } = theSandbox();
  await (part.startsWith('i-') ? changeInstance(verb, home, part) : giveOrder(home, { verb, part }));
};

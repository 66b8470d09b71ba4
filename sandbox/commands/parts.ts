/**
 * Parts: stops, starts and kills one of them.
 *
 * Owns: telling supervised parts from instances. An instance is no part of the supervisor's: it is switched off here, its
 * host reports that to the account, and its auto scaling group puts another in its place. Neighbours: `readiness.ts` waits for
 * what was started.
 */
import { SandboxFailure } from '../failure.ts';
import { killInstance, stopInstance } from '../instances/parts.ts';
import type { SandboxLayout } from '../layout.ts';
import { giveOrder } from '../supervisor/control.ts';
import { untilReady } from './readiness.ts';
import { theSandbox } from './sandbox.ts';
import { killStubInstance } from './stub.ts';

export type PartVerb = 'stop' | 'start' | 'kill';

const changeInstance = async (verb: PartVerb, layout: SandboxLayout, id: string): Promise<void> => {
  switch (verb) {
    case 'kill':
      return killInstance(layout, id);
    case 'stop':
      return stopInstance(layout, id);
    case 'start':
      throw new SandboxFailure(
        'refused',
        `an instance is started by its auto scaling group, not by hand: ${id} stays as it is`,
        'a terminated instance is replaced by its group in a moment: see `npm run sandbox -- status`',
      );
  }
};

export const changePart = async (verb: PartVerb, part: string): Promise<void> => {
  const { home, layout } = theSandbox();
  if (!part.startsWith('i-')) {
    await giveOrder(home, { verb, part });
    // Who started it uses it next.
    return verb === 'start' ? untilReady(home, part) : undefined;
  }
  // A machine that is an object has no shutdown of its own: stopping it is killing it.
  if (layout.stub !== undefined && verb !== 'start') return killStubInstance(layout.stub, part);
  await changeInstance(verb, layout, part);
};

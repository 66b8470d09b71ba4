/**
 * Soonest: asks once more, beside who was asked first, where the first hangs.
 *
 * Owns: the overlap of questions. A load balancer gives a connection to one target, and to one that doesn't answer yet as long as
 * none does: such a connection hangs, though its neighbour was ready a moment later. Neighbour: `control-plane.ts` says
 * what an answer is worth.
 */
import { setTimeout as delay } from 'node:timers/promises';

type Patience = {
  /** Milliseconds until one more is asked. */
  readonly everyMs: number;
  /** The whole look; whoever asks ends it. */
  readonly signal: AbortSignal;
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
};

const asleep = (milliseconds: number, signal: AbortSignal): Promise<unknown> =>
  delay(milliseconds, undefined, { signal });

/**
 * The first answer, or the first refusal: both are facts about who answers. The others are given up then.
 *
 * @param ask Is given a signal of its own, and rejects once that is aborted.
 * @returns What the first one answered; rejects with the signal's reason where nobody did in time.
 */
export const soonest = async <T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { everyMs, signal, pause = asleep }: Patience,
): Promise<T> => {
  const decided = new AbortController();
  const over = AbortSignal.any([signal, decided.signal]);
  const first = new Promise<T>((resolve, reject) => {
    const begin = (): void => void ask(over).then(resolve, reject);
    const goOn = async (): Promise<void> => {
      while (!over.aborted) {
        begin();
        await pause(everyMs, over);
      }
    };
    // A pause ends early only when the look is over.
    goOn().catch((error: unknown) => reject(signal.aborted ? (signal.reason as Error) : (error as Error)));
  });
  try {
    return await first;
  } finally {
    decided.abort();
  }
};

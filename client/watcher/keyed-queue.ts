/**
 * A keyed queue: work for one key runs in order and one at a time, work for different keys in parallel.
 *
 * Owns: ordering and retry. Work is level-triggered, so a newer request for a key replaces one that still waits; a
 * request is done only when it was acknowledged, and is tried again, with growing pauses, for as long as it isn't.
 */
export type KeyedQueue<T> = {
  /** Puts work for a key; returns at once. */
  readonly put: (key: string, item: T) => void;
  /** Resolves when nothing waits and nothing runs. */
  readonly idle: () => Promise<void>;
};

export type KeyedQueueSettings<T> = {
  readonly work: (item: T) => Promise<void>;
  readonly onError: (key: string, error: unknown, nextTryMs: number) => void;
  readonly signal: AbortSignal;
  /** Pause before try n + 1, in milliseconds. */
  readonly backoff?: (attempt: number) => number;
};

const defaultBackoff = (attempt: number): number => Math.min(250 * 2 ** attempt, 15_000);

/** Waits, or returns at once when the signal aborts, or has already. */
export const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });

export const keyedQueue = <T>(settings: KeyedQueueSettings<T>): KeyedQueue<T> => {
  const waiting = new Map<string, T>();
  const running = new Map<string, Promise<void>>();
  const backoff = settings.backoff ?? defaultBackoff;

  const drain = async (key: string): Promise<void> => {
    for (let attempt = 0; !settings.signal.aborted; ) {
      const item = waiting.get(key);
      if (item === undefined) break;
      waiting.delete(key);
      try {
        await settings.work(item);
        attempt = 0;
      } catch (error) {
        // A newer request for the same key says the same and more.
        if (!waiting.has(key)) waiting.set(key, item);
        const delay = backoff(attempt);
        attempt += 1;
        settings.onError(key, error, delay);
        await pause(delay, settings.signal);
      }
    }
    running.delete(key);
  };

  return {
    put: (key, item) => {
      waiting.set(key, item);
      if (!running.has(key)) running.set(key, drain(key));
    },
    idle: async () => {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
};

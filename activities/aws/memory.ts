/**
 * Memory: answers of AWS, once for all who ask at about the same time.
 *
 * Owns: how long an answer is believed, and that a question is asked once. Neighbours: `facts.ts`, `room.ts` and `survey.ts` ask; each
 * says which answers are enough for it.
 */
const REMEMBERED_MS = 60_000;

type Answer = { readonly answer: Promise<unknown>; readonly until: number; settled: boolean };

export type Remember = <T>(question: string, ask: () => Promise<T>, isEnough: (answer: T) => boolean) => Promise<T>;

/**
 * Answers by question. A question that is being asked is not asked again, and a failure is forgotten. An answer that isn't
 * enough for who asks is never taken from memory: what a person has mended since counts at once.
 */
export const createMemory = (now: () => number, rememberedMs = REMEMBERED_MS): Remember => {
  const answers = new Map<string, Answer>();
  return async <T>(question: string, ask: () => Promise<T>, isEnough: (answer: T) => boolean): Promise<T> => {
    for (const [key, { until }] of answers) if (until <= now()) answers.delete(key);
    for (let kept = answers.get(question); kept !== undefined; kept = answers.get(question)) {
      const wasSettled = kept.settled;
      const answer = (await kept.answer) as T;
      if (!wasSettled || isEnough(answer)) return answer;
      if (answers.get(question) === kept) answers.delete(question);
    }
    const entry: Answer = { answer: ask(), until: now() + rememberedMs, settled: false };
    answers.set(question, entry);
    try {
      const answer = (await entry.answer) as T;
      entry.settled = true;
      return answer;
    } catch (error) {
      if (answers.get(question) === entry) answers.delete(question);
      throw error;
    }
  };
};

/** One listing for the ids that nobody asked for yet; each of them is remembered by itself. */
export const batched = <T extends { readonly id: string }>(
  remember: Remember,
  what: string,
  list: (ids: string[], signal: AbortSignal) => Promise<T[]>,
) => {
  let batch: { readonly ids: string[]; readonly listing: Promise<T[]> } | undefined;
  const ask = async (id: string, signal: AbortSignal): Promise<T | undefined> => {
    if (batch === undefined) {
      const ids: string[] = [];
      // Questions are asked in one turn: the listing starts after the last of them.
      const listing = Promise.resolve().then(() => {
        batch = undefined;
        return list(ids, signal);
      });
      batch = { ids, listing };
    }
    batch.ids.push(id);
    return (await batch.listing).find((one) => one.id === id);
  };
  return async (
    ids: readonly string[],
    signal: AbortSignal,
    enough: (one: T) => boolean = () => true,
  ): Promise<readonly T[]> => {
    const all = ids.map((id) =>
      remember(
        `${what} ${id}`,
        () => ask(id, signal),
        (answer) => answer !== undefined && enough(answer),
      ),
    );
    return (await Promise.all(all)).filter((one) => one !== undefined);
  };
};

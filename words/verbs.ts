/**
 * Verbs: what a person may say to an operation, or to an entity about the next one.
 *
 * Owns: the list. Neighbours: `workflows/` takes them, `client/` offers them, `policy/status.ts` prints them. Pure.
 */
/** In the order in which they are carried out where an object asks for several at once: its annotations have none of their own. */
export const VERBS = ['retry', 'skip', 'pause', 'resume', 'abort'] as const;
export type Verb = (typeof VERBS)[number];

/** By verb, the value of its annotation that was acted on last: the same value never acts again. */
export type HandledRequests = Readonly<Partial<Record<Verb, string>>>;

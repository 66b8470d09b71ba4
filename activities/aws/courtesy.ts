/**
 * Courtesy: looks at the account that spare people a refusal later on, and that nothing else depends on.
 *
 * Owns: what happens where such a look is refused or gets no answer: it is told, and what it would have found is taken for right. A
 * policy of the organisation, an older policy of the worker's role or an endpoint out of reach is no reason to make nothing.
 * Neighbours: `room.ts` reads quotas so, `network-facts.ts` the network around a VPC.
 */
import { verdictOf } from '../verdicts.ts';

/** Told of what nobody could read, and why. */
export type OnUnread = (what: string, reason: string) => void;

/** What the look answers; undefined where it could not be had. Our own mistakes are thrown. */
export const courtesy = async <T>(
  what: string,
  look: () => Promise<T>,
  { onUnread, signal }: { readonly onUnread: OnUnread; readonly signal: AbortSignal },
): Promise<T | undefined> => {
  try {
    return await look();
  } catch (error) {
    const { verdict, message } = verdictOf(error);
    if (verdict === 'bug' || signal.aborted) throw error;
    onUnread(what, message);
    return undefined;
  }
};

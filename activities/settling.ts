/**
 * Settling: what AWS has answered with, and is still making; nothing may rely on it before that.
 *
 * Owns: how soon it is looked at again, how long AWS may take to show it, and what is said of it. Neighbours: a kind's driver says of a candidate that it is
 * settling or spoilt, `driver.ts` asks here before it hands a thing's outputs on.
 */
import type { ResourceKind } from '../kinds/resource.ts';
import type { Candidate } from './driver.ts';
import { blockedError, notYet, type VerdictError } from './verdicts.ts';

/** How long a part of AWS may take until it sees what another has made, or what it has made itself; what it doesn't see after that is gone. */
export const BECOMES_VISIBLE_MS = 45_000;

/** A third of the time that it has taken so far, within these. */
const DELAY_MS = { least: 400, most: 2_000 } as const;

/** For those who share looks: less than the time after which anyone looks again at what is settling. */
export const SETTLING_BELIEVED_MS = 300;

/** `since`: when the operation began with the step, in epoch milliseconds. */
type Begun = { readonly since: number };

/** Not yet, as a sentence. */
export const stillSettling = (sentence: string, { since }: Begun): VerdictError =>
  notYet(sentence, Math.min(Math.max((Date.now() - since) / 3, DELAY_MS.least), DELAY_MS.most));

/** The same candidate, once others may rely on it. */
export const settled = <K extends ResourceKind>(candidate: Candidate<K>, begun: Begun): Candidate<K> => {
  if (candidate.spoilt !== undefined) throw blockedError(candidate.spoilt);
  if (candidate.settling !== undefined) throw stillSettling(candidate.settling, begun);
  return candidate;
};

/**
 * Rule: something that AWS asks of a call, and that its documentation alone says.
 *
 * Owns: the form of a rule. Neighbours: `all.ts` has them all, `../shapes.ts` what models say by themselves. Each rule has a name
 * of its own, the page that says it, and a call in `rules.test.ts` that breaks it.
 */
import type { Fault } from '../finding.ts';
import type { Model } from '../models.ts';
import type { Request } from '../wire.ts';

export type Rule = {
  readonly name: string;
  readonly page: string;
  /** As the record names it; absent: of every service. */
  readonly service?: string;
  /** Absent: of every operation. */
  readonly operations?: readonly string[];
  /** What of a request breaks it. The model is that of the request's service. */
  readonly faults: (request: Request, model: () => Model) => readonly Fault[];
};

export const applies = (rule: Rule, { service, operation }: Pick<Request, 'service' | 'operation'>): boolean =>
  (rule.service === undefined || rule.service === service) &&
  (rule.operations === undefined || rule.operations.includes(operation));

/** A fault where something holds, none where it doesn't. */
export const when = (broken: boolean, where: string, what: string, value?: unknown): readonly Fault[] =>
  broken ? [{ where, what, ...(value === undefined ? {} : { value }) }] : [];

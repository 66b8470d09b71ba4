/**
 * Judge: whether AWS would take the calls that a sandbox recorded.
 *
 * Owns: holding each request that the proxy kept (`sandbox/aws/proxy/requests.ts`) to the models and the rules, and the sentences for
 * what AWS would refuse. What only the sandbox's own facts cause is excused by the row
 * of `sandbox/differences.ts` that names it, and by nothing else. Neighbours: `sandbox.ts` asks at a sandbox's end;
 * `policies/` asks what IAM would say to the same calls.
 * Not judged: the order of calls, what exists, quotas, and how long anything takes.
 */
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import { DIFFERENCES } from '../../sandbox/differences.ts';
import type { Finding } from './finding.ts';
import type { Models } from './models.ts';
import { byDocumentation } from './rules/all.ts';
import { byModel } from './shapes.ts';
import { readRequest } from './wire.ts';

/** What AWS would refuse, or not do as asked, of one request. */
export const findingsOf = (models: Models, kept: KeptRequest): readonly Finding[] => {
  const { request, findings } = readRequest(models, kept);
  if (models(kept.service).operations[kept.operation] === undefined) return findings;
  return [...findings, ...byModel(models(kept.service), request), ...byDocumentation(models, request)];
};

/** The subject of the difference that causes a finding; undefined where the sandbox is no excuse. */
export const excuseOf = ({ rule, value }: Finding): string | undefined =>
  DIFFERENCES.find(({ refused = [] }) => refused.some((one) => one.rule === rule && one.value.test(value)))?.subject;

export type Judged = Finding & { readonly service: string; readonly operation: string; readonly times: number };

const identity = ({ service, operation, rule, where }: Omit<Judged, 'times'>): string =>
  [service, operation, rule, where].join(' ');

/** What makes two requests the same to the judge: listings are asked again and again. */
const question = ({ service, operation, region, path, body }: KeptRequest): string =>
  [service, operation, region, path, body].join('\n');

/** What AWS would refuse of all these, the same fault of the same operation once, with how often it was made. */
export const judge = (models: Models, requests: readonly KeptRequest[]): readonly Judged[] => {
  const all = [...Map.groupBy(requests, question).values()].flatMap(([kept, ...others]) => {
    if (kept === undefined) return [];
    const { service, operation } = kept;
    return findingsOf(models, kept)
      .filter((found) => excuseOf(found) === undefined)
      .map((found) => ({ ...found, service, operation, times: others.length + 1 }));
  });
  const grouped = Map.groupBy(all, identity);
  return [...grouped.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, times: others.reduce((sum, { times }) => sum + times, first.times) }],
  );
};

export const sentenceOf = ({ service, operation, where, what, rule, page, times }: Judged): string =>
  `AWS would refuse ${service} ${operation}${where === '' ? '' : `, ${where}`}: ${what} (${rule}, ${times} times; ${page})`;

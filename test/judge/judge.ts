/**
 * Judge: whether AWS would take the calls that a sandbox recorded.
 *
 * Owns: reading what the proxy kept (`SLIPWAY_KEEP_REQUESTS`, see `sandbox/aws/proxy/requests.ts`), holding each request to the
 * models and the rules, and the sentences for what AWS would refuse. What only the sandbox's own facts cause is excused by the row
 * of `sandbox/differences.ts` that names it, and by nothing else. Neighbours: `test/support/sandbox.ts` asks at a sandbox's end;
 * `policies.ts` asks what IAM would say to the same calls.
 * Not judged: the order of calls, what exists, quotas, and how long anything takes.
 */
import { DIFFERENCES } from '../../sandbox/differences.ts';
import type { Finding } from './finding.ts';
import type { Models } from './models.ts';
import { byDocumentation } from './rules/all.ts';
import { byModel } from './shapes.ts';
import { type KeptRequest, readRequest } from './wire.ts';

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

/** What AWS would refuse of all these, the same fault of the same operation once, with how often it was made. */
export const judge = (models: Models, requests: readonly KeptRequest[]): readonly Judged[] => {
  const all = requests.flatMap((kept) =>
    findingsOf(models, kept)
      .filter((finding) => excuseOf(finding) === undefined)
      .map((finding) => ({ ...finding, service: kept.service, operation: kept.operation })),
  );
  const grouped = Map.groupBy(all, identity);
  return [...grouped.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ ...first, times: others.length + 1 }],
  );
};

export const sentenceOf = ({ service, operation, where, what, rule, page, times }: Judged): string =>
  `AWS would refuse ${service} ${operation}${where === '' ? '' : `, ${where}`}: ${what} (${rule}, ${times} times; ${page})`;

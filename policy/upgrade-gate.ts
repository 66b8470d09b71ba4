/**
 * Upgrade gate: whether an upgrade that is under way goes on, by what stands in its way.
 *
 * Owns: what holds it, what is only told, and how either is said: as many whole insights with their cures as there is room for, and how
 * many there are more. Neighbours: `insights.ts` judges what was seen; `activities/kubernetes/upgrade-insights.ts` looks, and holds the
 * step. Pure. Invariants: I9 (whatever holds it is named), I12 (what might block and was not read holds it, too).
 */
import type { ObjectRef } from '../api/object.ts';
import { planVersionCommand } from '../words/commands.ts';
import { ended, shortened } from '../words/text.ts';
import { cut, MESSAGE_LENGTH } from './conditions.ts';
import type { Insight } from './insight.ts';

export type UpgradeGate =
  /** `warns`: what it goes on in spite of. */
  | { readonly kind: 'open'; readonly warns?: string }
  /** It may block, or not: waiting alone may tell. */
  | { readonly kind: 'unread'; readonly says: string }
  | { readonly kind: 'shut'; readonly says: string };

export type GateRequest = {
  readonly object: Pick<ObjectRef, 'namespace' | 'name'>;
  /** The version that the cluster goes to. */
  readonly version: string;
};

/** Of one of them, without its cure. */
const LONGEST = 300;

const saidOf = ({ object, message }: Insight): string => shortened(`${object} ${message}`, LONGEST);

const withCure = (insight: Insight): string =>
  `${insight.name}: ${ended(saidOf(insight))} To cure it: ${ended(insight.cure)}`;

const things = (count: number): string => (count === 1 ? '1 thing' : `${count} things`);

/** The first is said whatever the room. */
const asManyAsFit = (said: readonly string[], room: number): readonly string[] => {
  const tooMany = said.findIndex((_, index) => said.slice(0, index + 1).join(' ').length > room);
  return tooMany < 0 ? said : said.slice(0, Math.max(1, tooMany));
};

const ENDS = 'It goes on by itself once nothing blocks it any more; who skips this step goes on regardless.';

const sayShut = (blocking: readonly Insight[], { object, version }: GateRequest): string => {
  const begins = `The upgrade to ${version} is held by ${things(blocking.length)}.`;
  const others = (count: number): string =>
    `And ${count} more, which \`${planVersionCommand(object, version)}\` names.`;
  const around = [begins, others(blocking.length), ENDS].join(' ').length + 1;
  const told = asManyAsFit(blocking.map(withCure), MESSAGE_LENGTH - around);
  const left = blocking.length - told.length;
  return cut([begins, ...told, ...(left === 0 ? [] : [others(left)]), ENDS].join(' '));
};

const listed = (insights: readonly Insight[]): string => insights.map(saidOf).join('; ');

/** Of everything that was judged about an upgrade, in its order. */
export const upgradeGate = (insights: readonly Insight[], request: GateRequest): UpgradeGate => {
  const { version } = request;
  const of = (severity: Insight['severity']) => insights.filter((one) => one.severity === severity);
  const [blocking, warning] = [of('blocks'), of('warns')];
  const unread = blocking.filter((one) => one.unread === true);
  const read = blocking.filter((one) => one.unread !== true);
  if (read.length > 0) return { kind: 'shut', says: sayShut([...read, ...unread], request) };
  if (unread.length > 0) {
    return {
      kind: 'unread',
      says: cut(`Waiting to see what stands in the way of the upgrade to ${version}: ${listed(unread)}`),
    };
  }
  if (warning.length === 0) return { kind: 'open' };
  return { kind: 'open', warns: cut(`The upgrade to ${version} goes on, and may meet ${listed(warning)}`) };
};

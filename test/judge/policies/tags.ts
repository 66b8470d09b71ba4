/**
 * Tags: which tags each thing had when it was asked about, by the calls that made and tagged it.
 *
 * Owns: following them through recorded calls. What was there before has none: subnets, and security groups that people made.
 */
import type { KeptRequest } from '../../../sandbox/aws/proxy/requests.ts';
import { type Parameters, structuresIn, textIn, textsIn } from '../parameters.ts';
import type { Request } from '../wire.ts';
import { OWNED, type Tags } from './question.ts';

export const tagsIn = (from: Parameters, name = 'Tags'): Tags =>
  Object.fromEntries(structuresIn(from, name).map((tag) => [textIn(tag, 'Key') ?? '', textIn(tag, 'Value') ?? '']));

/** Tags that a call of EC2 gives to what it makes, of one type. */
export const specified = (parameters: Parameters, type: string): Tags =>
  Object.assign(
    {},
    ...structuresIn(parameters, 'TagSpecifications')
      .filter((one) => textIn(one, 'ResourceType') === type)
      .map((one) => tagsIn(one)),
  );

const allSpecified = (parameters: Parameters): Tags =>
  Object.assign({}, ...structuresIn(parameters, 'TagSpecifications').map((one) => tagsIn(one)));

/** A load balancer of the first generation and a group of machines are known by their names. */
const nameOf = ({ service, operation, parameters }: Request): string | undefined => {
  if (operation === 'CreateAutoScalingGroup') return textIn(parameters, 'AutoScalingGroupName');
  return service === 'elb' && operation === 'CreateLoadBalancer' ? textIn(parameters, 'LoadBalancerName') : undefined;
};

export type TagsOf = (id: string) => Tags;

/** A call that failed changed nothing, unless only its answer was lost. */
const wasDone = ({ error }: KeptRequest): boolean => error === undefined || error === 'LostAnswer';

const without = (tags: Tags, keys: readonly string[]): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));

/** Whom a call tags, and how: the things by their ids, and what becomes of the tags of each. */
const changesOf = (request: Request): readonly (readonly [string, (tags: Tags) => Tags])[] => {
  const { operation, parameters } = request;
  const given = tagsIn(parameters);
  const keys = [...Object.keys(given), ...textsIn(parameters, 'TagKeys')];
  switch (operation) {
    case 'CreateTags':
      return textsIn(parameters, 'Resources').map((id) => [id, (tags) => ({ ...tags, ...given })]);
    case 'AddTags':
      return [...textsIn(parameters, 'ResourceArns'), ...textsIn(parameters, 'LoadBalancerNames')].map((id) => [
        id,
        (tags) => ({ ...tags, ...given }),
      ]);
    case 'RemoveTags':
      return textsIn(parameters, 'ResourceArns').map((id) => [id, (tags) => without(tags, keys)]);
    case 'DeleteTags':
      return textsIn(parameters, 'Resources').map((id) => [id, (tags) => without(tags, keys)]);
    default: {
      const id = request.made ?? nameOf(request);
      return id === undefined ? [] : [[id, () => ({ ...given, ...allSpecified(parameters) })]];
    }
  }
};

/** Calls one after the other, each with the tags that things had at that moment. */
export const following = (): { readonly tagsOf: TagsOf; readonly follow: (request: Request) => void } => {
  const known = new Map<string, Tags>();
  // A group of machines makes instances, their root volumes and first interfaces, with the tags of its template.
  const tagsOf: TagsOf = (id) => known.get(id) ?? (/^(i|vol|eni)-/.test(id) ? OWNED : {});
  return {
    tagsOf,
    follow: (request) => {
      if (!wasDone(request)) return;
      for (const [id, change] of changesOf(request)) known.set(id, change(tagsOf(id)));
    },
  };
};

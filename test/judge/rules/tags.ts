/**
 * Tags: what AWS takes for a tag, and which resources a call may tag.
 *
 * EC2 takes any character in a tag, other services only these: what Slipway tags has the same tags everywhere.
 */
import { type Fault, lengthOf, short } from '../finding.ts';
import { membersOf, type Parameters, structuresIn, textIn, textsIn } from '../parameters.ts';
import type { Request } from '../wire.ts';
import { type Rule, when } from './rule.ts';

const RESTRICTIONS = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions';
const ELB_TAG = 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html';

const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

type TagList = { readonly where: string; readonly tags: readonly Parameters[] };

const lists = ({ parameters }: Request): readonly TagList[] =>
  membersOf(parameters).flatMap(({ where, name, value }) =>
    name === 'Tags' && Array.isArray(value) ? [{ where, tags: structuresIn({ value }, 'value') }] : [],
  );

const key = (tag: Parameters): string => textIn(tag, 'Key') ?? '';
const value = (tag: Parameters): string => textIn(tag, 'Value') ?? '';

const ofEach =
  (broken: (tag: Parameters) => string | undefined): Rule['faults'] =>
  (request) =>
    lists(request).flatMap(({ where, tags }) =>
      tags.flatMap((tag): readonly Fault[] => {
        const what = broken(tag);
        return what === undefined ? [] : [{ where, what, value: key(tag) }];
      }),
    );

/** What a call makes, and so may tag; a template tags what it launches. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  CreateVolume: ['volume'],
  CreateNetworkInterface: ['network-interface'],
  CreateSecurityGroup: ['security-group'],
  CreateLaunchTemplate: ['launch-template'],
  CreateLaunchTemplateVersion: [],
  AuthorizeSecurityGroupIngress: ['security-group-rule'],
  AuthorizeSecurityGroupEgress: ['security-group-rule'],
};
const LAUNCHED = ['instance', 'volume', 'network-interface', 'spot-instances-request'];

const resourceTypes: Rule['faults'] = ({ operation, parameters }) =>
  membersOf(parameters).flatMap(({ where, name, value: specifications }) => {
    if (name !== 'TagSpecifications') return [];
    const allowed = where.startsWith('LaunchTemplateData') ? LAUNCHED : (MADE[operation] ?? []);
    const given = structuresIn({ specifications }, 'specifications').map((one) => textIn(one, 'ResourceType') ?? '');
    return [
      ...given
        .filter((type) => !allowed.includes(type))
        .map((type) => ({ where, what: `${operation} can't tag ${type}`, value: type })),
      ...when(new Set(given).size < given.length, where, 'each type of resource once', given.join(', ')),
    ];
  });

export const TAG_RULES: readonly Rule[] = [
  {
    name: 'tags.count',
    page: RESTRICTIONS,
    faults: (request) =>
      lists(request).flatMap(({ where, tags }) =>
        when(tags.length > 50, where, `${tags.length} tags: a resource has at most 50`),
      ),
  },
  {
    name: 'tags.twice',
    page: RESTRICTIONS,
    faults: (request) =>
      lists(request).flatMap(({ where, tags }) => {
        const keys = tags.map(key);
        const twice = keys.filter((one, index) => keys.indexOf(one) !== index);
        return twice.map((one) => ({ where, what: `the tag ${one} is given twice`, value: one }));
      }),
  },
  {
    name: 'tags.key',
    page: RESTRICTIONS,
    faults: ofEach((tag) =>
      lengthOf(key(tag)) >= 1 && lengthOf(key(tag)) <= 128
        ? undefined
        : `a key has 1 to 128 characters: ${short(key(tag))}`,
    ),
  },
  {
    name: 'tags.value',
    page: RESTRICTIONS,
    faults: ofEach((tag) =>
      lengthOf(value(tag)) <= 256 ? undefined : `the value of ${key(tag)} has more than 256 characters`,
    ),
  },
  {
    name: 'tags.reserved',
    page: RESTRICTIONS,
    faults: ofEach((tag) => (/^aws:/i.test(key(tag)) ? `the prefix aws: is reserved: ${key(tag)}` : undefined)),
  },
  {
    name: 'tags.characters',
    page: ELB_TAG,
    faults: ofEach((tag) => {
      const bad = [key(tag), value(tag)].find((text) => !TAG_TEXT.test(text));
      return bad === undefined ? undefined : `letters, digits, spaces and _.:/=+-@ only: ${short(bad)}`;
    }),
  },
  {
    name: 'tags.resource-type',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html',
    service: 'ec2',
    faults: resourceTypes,
  },
  {
    name: 'tags.resources',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html',
    service: 'ec2',
    operations: ['CreateTags', 'DeleteTags'],
    faults: ({ parameters }) => {
      const { length } = textsIn(parameters, 'Resources');
      return when(length > 1_000, 'Resources', `${length} resources: at most 1000`);
    },
  },
];

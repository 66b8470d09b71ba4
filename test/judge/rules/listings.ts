/**
 * Listings: filters and pages.
 *
 * Which filters an operation has, its model says in the documentation of `Filters` only: a list of names in HTML.
 */
import type { Fault } from '../finding.ts';
import { inputOf, type Model } from '../models.ts';
import { has, numberIn, type Parameters, structuresIn, textIn, textsIn } from '../parameters.ts';
import type { Request } from '../wire.ts';
import { type Rule, when } from './rule.ts';

const FILTERING = 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html';
const PAGING = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html#api-pagination';

const filtersOf = ({ parameters }: Request): readonly Parameters[] => structuresIn(parameters, 'Filters');
const nameOf = (filter: Parameters): string => textIn(filter, 'Name') ?? '';

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Filter.html lists them apart. */
const AUTO_SCALING_FILTERS = ['tag-key', 'tag-value', 'tag:<key>'];

/** `<li> <p> <code>volume-id</code>`: what stands as code at the beginning of an entry; `tag` alone means `tag:<key>`. */
const documentedFilters = (model: Model, { service, operation }: Request): readonly string[] => {
  if (service === 'autoscaling') return AUTO_SCALING_FILTERS;
  const text = inputOf(model, operation)?.members['Filters']?.documentation ?? '';
  const names = [...text.matchAll(/<li>\s*(?:<p>\s*)?<code>\s*([^<]+?)\s*<\/code>/g)].map(([, name = '']) => name);
  return names.map((name) => (name === 'tag' ? 'tag:<key>' : name));
};

const unknownFilters: Rule['faults'] = (request, model) => {
  const filters = filtersOf(request);
  if (filters.length === 0) return [];
  const known = documentedFilters(model(), request);
  const byTag = known.some((name) => name.startsWith('tag:'));
  return filters
    .map(nameOf)
    .filter((name) => !(name.startsWith('tag:') ? byTag : known.includes(name)))
    .map(
      (name): Fault => ({
        where: `Filters[${name}]`,
        what: `${request.operation} has no filter ${name}`,
        value: name,
      }),
    );
};

/** How many an answer may have, lowest and highest, where that isn't 5 to 1000. */
const RESULTS: Readonly<Record<string, readonly [number, number]>> = {
  DescribeInstanceTypes: [5, 100],
  DescribeLaunchTemplateVersions: [1, 200],
  DescribeLaunchTemplates: [1, 200],
  DescribeRouteTables: [5, 100],
};

const bounds = (name: string, lowest: number, highest: number, { parameters }: Request): readonly Fault[] => {
  const asked = numberIn(parameters, name);
  const broken = asked !== undefined && (asked < lowest || asked > highest);
  return when(broken, name, `${asked}: ${lowest} to ${highest}`, asked);
};

export const LISTING_RULES: readonly Rule[] = [
  { name: 'filters.name', page: FILTERING, faults: unknownFilters },
  {
    name: 'filters.values',
    page: FILTERING,
    faults: (request) =>
      filtersOf(request)
        .filter((filter) => textsIn(filter, 'Values').length === 0)
        .map((filter) => ({ where: `Filters[${nameOf(filter)}]`, what: 'a filter without values' })),
  },
  {
    name: 'filters.count',
    page: FILTERING,
    service: 'ec2',
    faults: (request) => {
      const filters = filtersOf(request);
      const values = filters.flatMap((filter) => textsIn(filter, 'Values')).length;
      return [
        ...when(filters.length > 50, 'Filters', `${filters.length} filters: at most 50`),
        ...when(values > 200, 'Filters', `${values} values: at most 200 in one request`),
      ];
    },
  },
  {
    name: 'pages.ec2',
    page: PAGING,
    service: 'ec2',
    faults: (request) => bounds('MaxResults', ...(RESULTS[request.operation] ?? ([5, 1_000] as const)), request),
  },
  {
    name: 'pages.ids',
    page: PAGING,
    service: 'ec2',
    operations: ['DescribeInstances', 'DescribeVolumes'],
    faults: ({ parameters }) => {
      const ids = ['InstanceIds', 'VolumeIds'].find((name) => textsIn(parameters, name).length > 0);
      return when(ids !== undefined && has(parameters, 'MaxResults'), 'MaxResults', `not together with ${ids}`);
    },
  },
  {
    name: 'pages.auto-scaling',
    page: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html',
    service: 'autoscaling',
    faults: (request) => bounds('MaxRecords', 1, 100, request),
  },
  {
    name: 'pages.load-balancing',
    page: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeLoadBalancers.html',
    service: 'elbv2',
    faults: (request) => bounds('PageSize', 1, 400, request),
  },
  {
    name: 'ec2.dry-run',
    page: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html',
    service: 'ec2',
    faults: ({ parameters }) =>
      when(parameters['DryRun'] === true, 'DryRun', 'it does nothing, and is answered with an error'),
  },
];

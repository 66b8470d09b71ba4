/**
 * Fields: the reference of both kinds, from their CustomResourceDefinitions.
 *
 * Owns: how a schema reads as a table. Pure. Neighbours: `api/` owns the fields and their descriptions, which are also what
 * `kubectl explain` prints; `original.ts` knows how each was in GKE on AWS.
 */
import { changeOf } from '../../api/changes.ts';
import { type CustomResourceDefinition, clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import type { ObjectKind } from '../../api/object.ts';
import { ORIGINAL } from './original.ts';
import { cell } from './table.ts';

type Rule = { readonly rule: string; readonly message: string; readonly fieldPath?: string };

type Schema = {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly Rule[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
};

export type Field = {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
  /** What must hold, in the words of the refusal. */
  readonly demands: readonly string[];
  /** What the API server says when somebody changes it; undefined where it may be changed. */
  readonly onChange?: string;
};

const isOnChange = ({ rule }: Rule): boolean => rule.includes('oldSelf');

/** Rules about a field: its own, and those of the object around it that name it. */
const rulesOn = (around: Schema, name: string, field: Schema): readonly Rule[] => [
  ...(around['x-kubernetes-validations'] ?? []).filter(({ fieldPath }) => fieldPath === `.${name}`),
  ...(field['x-kubernetes-validations'] ?? []).filter(({ fieldPath }) => fieldPath === undefined),
  ...(field.items?.['x-kubernetes-validations'] ?? []).filter(({ fieldPath }) => fieldPath === undefined),
];

/** Every field below a schema, in the order in which people write them. */
export const fieldsOf = (schema: Schema, path = ''): readonly Field[] => {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]): Field[] => {
    const here = path === '' ? name : `${path}.${name}`;
    const rules = rulesOn(schema, name, field);
    const onChange = rules.find(isOnChange)?.message;
    return [
      {
        path: here,
        schema: field,
        required: (schema.required ?? []).includes(name),
        demands: rules.filter((rule) => !isOnChange(rule)).map(({ message }) => message),
        ...(onChange === undefined ? {} : { onChange }),
      },
      ...fieldsOf(field, here),
    ];
  });
  return [
    ...own,
    ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`)),
    ...(schema.additionalProperties === undefined ? [] : fieldsOf(schema.additionalProperties, `${path}.<name>`)),
  ];
};

const range = (unit: string, least: number | undefined, most: number | undefined): string | undefined => {
  if (least === undefined && most === undefined) return undefined;
  if (least === most) return `${least}${unit}`;
  if (most === undefined) return `at least ${least}${unit}`;
  return least === undefined ? `at most ${most}${unit}` : `${least} to ${most}${unit}`;
};

const limits = (text: string, limit: string | undefined): string => (limit === undefined ? text : `${text}, ${limit}`);

const scalar = (schema: Schema): string => {
  if (schema.format === 'date-time') return 'time';
  if (schema.type === 'integer') {
    // Every number that JSON can hold is no limit worth a word.
    const most = schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum;
    return most === undefined ? 'integer' : limits('integer', range('', schema.minimum, most));
  }
  if (schema.type === 'string') {
    const least = schema.maxLength === undefined ? undefined : schema.minLength;
    return limits('string', range(' characters', least, schema.maxLength));
  }
  return schema.type ?? 'any';
};

/** `list of string, 1 to 3`. */
const typeOf = (schema: Schema): string => {
  if (schema.items !== undefined) {
    return limits(`list of ${schema.items.type ?? 'any'}`, range('', schema.minItems, schema.maxItems));
  }
  if (schema.additionalProperties !== undefined) {
    const most = schema.maxProperties;
    return limits(`map of ${schema.additionalProperties.type ?? 'any'}`, range(' entries', undefined, most));
  }
  if (schema.enum !== undefined) return `one of ${schema.enum.map((word) => `\`${word}\``).join(', ')}`;
  return scalar(schema);
};

/** Whether a field only groups others, whose rows say what there is to say. */
const isGroup = ({ schema }: Field): boolean => schema.properties !== undefined;

const defaultOf = (field: Field): string => {
  if (field.required) return '**required**';
  return field.schema.default === undefined || isGroup(field) ? '' : `\`${JSON.stringify(field.schema.default)}\``;
};

/** What a change of the field takes, where it may be changed. */
const takenBy = (kind: ObjectKind, path: string): string => {
  const { sort, when } = changeOf(kind, path) ?? {};
  switch (sort) {
    case 'in place':
      return 'yes, in place';
    case 'turns':
      return 'yes, in turns';
    case 'number of nodes':
      return 'yes, in place; nodes that are too many are drained';
    case 'nothing now':
      return `yes: ${when}`;
    case 'fixed':
    case undefined:
      return 'yes';
  }
};

const changeCell = (kind: ObjectKind, field: Field): string => {
  const { onChange } = field;
  const taken = takenBy(kind, field.path.replace(/(\[\]|\.<name>).*/, ''));
  if (onChange === undefined) return isGroup(field) ? '' : taken;
  // What may be changed one way only says so, and what the change takes.
  return onChange.includes('cannot be') ? onChange.replace(/^\S+ cannot be changed:/, 'no:') : `${taken}; ${onChange}`;
};

const meaningOf = ({ schema, demands }: Field): string =>
  [schema.description ?? '', ...(demands.length === 0 ? [] : [`*Rules:* ${demands.join('; ')}.`])].join(' ');

const specRow = (kind: ObjectKind) => (field: Field) => {
  const note = ORIGINAL[kind][field.path] ?? '';
  const cells = [typeOf(field.schema), defaultOf(field), changeCell(kind, field), meaningOf(field), note];
  return `| \`${field.path}\` | ${cells.map(cell).join(' | ')} |`;
};

const statusRow = ({ path, schema }: Field): string =>
  `| \`${path}\` | ${cell(typeOf(schema))} | ${cell(schema.description ?? '')} |`;

type Columns = readonly { readonly name: string; readonly description: string; readonly priority?: number }[];

type Version = {
  readonly additionalPrinterColumns: Columns;
  readonly schema: { readonly openAPIV3Schema: Schema };
};

const versionOf = (definition: CustomResourceDefinition): Version => {
  const { versions } = definition.spec as unknown as { readonly versions: readonly [Version] };
  return versions[0];
};

/** The fields of the spec and of the status of a kind. */
export const kindFields = (definition: CustomResourceDefinition) => {
  const { properties = {} } = versionOf(definition).schema.openAPIV3Schema;
  return { spec: fieldsOf(properties['spec'] ?? {}), status: fieldsOf(properties['status'] ?? {}) };
};

const kindSection = (kind: keyof typeof ORIGINAL, definition: CustomResourceDefinition): readonly string[] => {
  const { additionalPrinterColumns: columns, schema } = versionOf(definition);
  const { spec, status } = kindFields(definition);
  return [
    `## ${kind}`,
    '',
    schema.openAPIV3Schema.description ?? '',
    '',
    `### ${kind} spec`,
    '',
    '| field | type | default | can change | meaning | in GKE on AWS |',
    '|---|---|---|---|---|---|',
    ...spec.map(specRow(kind)),
    '',
    `### ${kind} status`,
    '',
    '| field | type | meaning |',
    '|---|---|---|',
    ...status.map(statusRow),
    '',
    `### ${kind} columns`,
    '',
    '| column | shown | meaning |',
    '|---|---|---|',
    ...columns.map(
      ({ name, description, priority }) =>
        `| ${name} | ${priority === 1 ? 'with `-o wide`' : 'always'} | ${cell(description)} |`,
    ),
    '',
  ];
};

/** The page `docs/fields.md`. */
export const fieldReference = (): string =>
  [
    '# Field reference',
    '',
    '<!-- Generated from the schemas in api/ by `npm run generate`; edit those instead. -->',
    '',
    'Every field of [AWSCluster](#awscluster) and [AWSNodePool](#awsnodepool), `multicloud.cluster.gke.io/v1`. The same text is',
    'in `kubectl explain awscluster.spec`.',
    '',
    'How to read the tables: a field that is neither required nor has a default may be left out; one that is required must be',
    'given wherever the field around it is. *Can change* tells whether the API server takes another value for an object that',
    'exists, and if not, what to do instead; and what a change takes once the object is provisioned: *in place*, things in AWS are',
    'changed while they are used; *in turns*, machines are replaced, [some in each turn](concepts.md#how-machines-are-replaced);',
    'or nothing now. [A plan](operations.md#plan-a-change) says the same of a file. *Rules* are what it refuses an object for. `[]` stands for',
    'each entry of a list, `<name>` for each of a map. The last column compares with the product whose objects these were.',
    '',
    ...kindSection('AWSCluster', clusterDefinition()),
    ...kindSection('AWSNodePool', nodePoolDefinition()),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');

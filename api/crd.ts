/**
 * CRDs: the CustomResourceDefinitions of both kinds, generated from their zod schemas.
 *
 * Owns: the translation into structural schemas, names, printer columns and subresources. Pure: the same schemas give the
 * same objects, so a stale committed file can be told by comparing.
 * Neighbours: `cluster.ts` and `nodepool.ts` own the fields; `generate.ts` writes the files.
 */
import { z } from 'zod';
import { clusterSpec, clusterStatus } from './cluster.ts';
import type { CelRule } from './fields.ts';
import { OBJECT_NAME } from './kubernetes-names.ts';
import { API_GROUP } from './names.ts';
import { nodePoolSpec, nodePoolStatus } from './nodepool.ts';
import { type ObjectKind, PLURALS } from './object.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type PrinterColumn = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** Columns of priority 1 appear with `-o wide` only. */
  readonly priority?: 1;
};

export type CustomResourceDefinition = {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string };
  readonly spec: { readonly [key: string]: Json };
};

/** Keys of a schema in the order in which people read it. */
const ORDER = [
  'description',
  'type',
  'format',
  'enum',
  'default',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'items',
  'additionalProperties',
  'properties',
];

const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapValues = (object: { readonly [key: string]: Json }, change: (value: Json) => Json): Json =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

/**
 * A JSON schema as the API server takes it. A format's pattern is left to its CEL rule, whose message says what is
 * wanted; a keyword that this doesn't know is an error, since the API server would drop it in silence.
 */
const structural = (schema: Json): Json => {
  if (!isObject(schema)) return schema;
  const unknown = Object.keys(schema).filter((key) => !ORDER.includes(key) && key !== 'pattern' && key !== '$schema');
  if (unknown.length > 0) {
    throw new Error(
      `a schema uses ${unknown.join(', ')}, which a CRD cannot express or this generator doesn't know; write it otherwise in api/, or add it here`,
    );
  }
  if (schema['pattern'] !== undefined && schema['x-kubernetes-validations'] === undefined) {
    throw new Error(
      `a pattern (${JSON.stringify(schema['pattern'])}) has no message; make it with format() in api/fields.ts`,
    );
  }
  const translated: [string, Json][] = [];
  for (const key of ORDER) {
    const value = schema[key];
    if (value === undefined) continue;
    if (key === 'properties' && isObject(value)) translated.push([key, mapValues(value, structural)]);
    else if (key === 'items' || key === 'additionalProperties') translated.push([key, structural(value)]);
    else translated.push([key, value]);
  }
  return Object.fromEntries(translated);
};

const schemaOf = (type: z.ZodType): Json =>
  structural(
    JSON.parse(JSON.stringify(z.toJSONSchema(type, { target: 'openapi-3.0', io: 'input', reused: 'inline' }))),
  );

type Definition = {
  readonly kind: ObjectKind;
  readonly plural: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly columns: readonly PrinterColumn[];
  readonly selectable: readonly string[];
  /** What `kubectl scale` sets and sees. */
  readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string };
};

/** The name becomes the value of a label and part of a kubeconfig's context. */
const NAME_RULE: CelRule = {
  rule: `size(self.metadata.name) <= ${OBJECT_NAME.longest}`,
  message: `metadata.name must have at most ${OBJECT_NAME.longest} characters`,
};

const definitionOf = (definition: Definition): CustomResourceDefinition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${definition.plural}.${API_GROUP}` },
  spec: {
    group: API_GROUP,
    scope: 'Namespaced',
    names: {
      kind: definition.kind,
      listKind: `${definition.kind}List`,
      plural: definition.plural,
      singular: definition.kind.toLowerCase(),
      shortNames: [definition.shortName],
      categories: ['slipway'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {}, ...(definition.scale === undefined ? {} : { scale: definition.scale }) },
        additionalPrinterColumns: definition.columns,
        selectableFields: definition.selectable.map((jsonPath) => ({ jsonPath })),
        schema: {
          openAPIV3Schema: {
            description: definition.description,
            type: 'object',
            required: ['spec'],
            'x-kubernetes-validations': [NAME_RULE],
            properties: {
              apiVersion: { description: 'Version of the schema of this object.', type: 'string' },
              kind: { description: 'Kind of this object.', type: 'string' },
              metadata: { type: 'object' },
              spec: schemaOf(definition.spec),
              status: schemaOf(definition.status),
            },
          },
        },
      },
    ],
  },
});

const STATE: PrinterColumn = {
  name: 'State',
  type: 'string',
  jsonPath: '.status.state',
  description: 'What is going on.',
};
const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
};
const versionAt = (jsonPath: string): PrinterColumn => ({
  name: 'Version',
  type: 'string',
  jsonPath,
  description: 'The version asked for.',
});
const WIDE: readonly PrinterColumn[] = [
  {
    name: 'Kubernetes',
    type: 'string',
    jsonPath: '.status.kubernetesVersion',
    description: 'The Kubernetes version that runs.',
    priority: 1,
  },
  {
    name: 'Cluster-ID',
    type: 'string',
    jsonPath: '.status.clusterID',
    description: 'Id of the cluster in AWS.',
    priority: 1,
  },
  {
    name: 'Operation',
    type: 'string',
    jsonPath: '.status.lastOperation.type',
    description: 'The operation that runs, or the last one that did.',
    priority: 1,
  },
  {
    name: 'Ready',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].status',
    description: 'Whether everything is as the spec asks.',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    description: 'Why it is so.',
    priority: 1,
  },
];

export const clusterDefinition = (): CustomResourceDefinition =>
  definitionOf({
    kind: 'AWSCluster',
    plural: PLURALS.AWSCluster,
    shortName: 'awsc',
    description: 'A highly available Kubernetes control plane in one VPC of an AWS account.',
    spec: clusterSpec,
    status: clusterStatus,
    columns: [
      STATE,
      AGE,
      versionAt('.spec.controlPlane.version'),
      {
        name: 'Endpoint',
        type: 'string',
        jsonPath: '.status.endpoint',
        description: 'DNS name of the load balancer in front of the control plane.',
      },
      ...WIDE,
    ],
    selectable: ['.spec.region', '.spec.networking.vpcID'],
  });

export const nodePoolDefinition = (): CustomResourceDefinition =>
  definitionOf({
    kind: 'AWSNodePool',
    plural: PLURALS.AWSNodePool,
    shortName: 'awsnp',
    description: 'Machines of one kind in one subnet that run the workloads of an AWSCluster.',
    spec: nodePoolSpec,
    status: nodePoolStatus,
    columns: [
      {
        name: 'Cluster',
        type: 'string',
        jsonPath: '.spec.clusterName',
        description: 'The AWSCluster that nodes join.',
      },
      STATE,
      AGE,
      versionAt('.spec.version'),
      {
        name: 'Ready-Nodes',
        type: 'integer',
        jsonPath: '.status.readyNodes',
        description: 'Nodes that are Ready.',
        priority: 1,
      },
      {
        name: 'Desired-Nodes',
        type: 'integer',
        jsonPath: '.status.desiredNodes',
        description: 'Nodes that the auto scaling group keeps.',
        priority: 1,
      },
      ...WIDE,
    ],
    selectable: ['.spec.clusterName', '.spec.region'],
    // No selector: what it would select lives in another cluster.
    scale: { specReplicasPath: '.spec.nodeCount', statusReplicasPath: '.status.readyNodes' },
  });

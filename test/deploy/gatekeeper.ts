/**
 * Gatekeeper's files as a test reads them: the template's CEL, the constraint's values, and the cases of the suite.
 *
 * Owns: making a ValidatingAdmissionPolicy of a template and a constraint, as Gatekeeper does itself where it is told to
 * (https://open-policy-agent.github.io/gatekeeper/website/docs/validating-admission-policy): so a plain API server evaluates the
 * very expressions. Pure but for reading the files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../docs/markdown.ts';

const FOLDER = join(ROOT, 'deploy/gatekeeper');

export type Resource = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
};

type Review = { readonly request: { readonly object: Resource; readonly oldObject: Resource } };

type Case = {
  readonly name: string;
  /** What is created, or what something that was there before becomes. */
  readonly object: Resource;
  readonly before?: Resource;
  /** How many rules it breaks; undefined for any number but none. */
  readonly violations: number | undefined;
  readonly messages: readonly string[];
};

type Assertion = { readonly violations: number | 'yes' | 'no' | boolean; readonly message?: string };
type Suite = {
  readonly tests: readonly [
    {
      readonly template: string;
      readonly constraint: string;
      readonly cases: readonly {
        readonly name: string;
        readonly object: string;
        readonly assertions: readonly Assertion[];
      }[];
    },
  ];
};

const read = <T>(file: string): T => parse(readFileSync(join(FOLDER, file), 'utf8')) as T;

const [suite] = read<Suite>('suite.yaml').tests;

const countOf = (violations: Assertion['violations']): number | undefined => {
  if (typeof violations === 'number') return violations;
  return violations === 'no' || violations === false ? 0 : undefined;
};

const isReview = (object: Resource | Review): object is Review => 'request' in object;

export const cases = (): readonly Case[] =>
  suite.cases.map(({ name, object: file, assertions }) => {
    const object = read<Resource | Review>(file);
    const all = assertions.find(({ message }) => message === undefined);
    if (all === undefined) throw new Error(`the case "${name}" does not say how many rules it breaks`);
    return {
      name,
      ...(isReview(object) ? { object: object.request.object, before: object.request.oldObject } : { object }),
      violations: countOf(all.violations),
      messages: assertions.flatMap(({ message }) => message ?? []),
    };
  });

type Template = {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly crd: { readonly spec: { readonly names: { readonly kind: string } } };
    readonly targets: readonly [
      {
        readonly code: readonly [
          {
            readonly engine: string;
            readonly source: { readonly variables: readonly object[]; readonly validations: readonly object[] };
          },
        ];
      },
    ];
  };
};
type Constraint = Resource & {
  readonly spec: {
    readonly match: {
      readonly kinds: readonly [{ readonly apiGroups: readonly string[]; readonly kinds: readonly string[] }];
    };
    readonly parameters: object;
  };
};

export const template = (): Template => read<Template>(suite.template);
export const constraint = (): Constraint => read<Constraint>(suite.constraint);

/** The policy and its binding. */
export const asPolicy = (): readonly object[] => {
  const [{ source }] = template().spec.targets[0].code;
  const [{ apiGroups, kinds }] = constraint().spec.match.kinds;
  const { name } = template().metadata;
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups,
              apiVersions: ['*'],
              operations: ['CREATE', 'UPDATE', 'DELETE'],
              resources: kinds.map((kind) => `${kind.toLowerCase()}s`),
            },
          ],
        },
        // JSON is CEL.
        variables: [{ name: 'params', expression: JSON.stringify(constraint().spec.parameters) }, ...source.variables],
        validations: source.validations,
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
};

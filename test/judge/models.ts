/**
 * Models: AWS's own description of its services, as botocore ships it with moto.
 *
 * Owns: finding the models beside the sandbox's Python, and reading what this judge asks of them. Neighbours: `wire.ts` reads
 * requests by them, `shapes.ts` holds values to them. The format: https://smithy.io/2.0/ is what AWS writes them in, botocore's
 * own form is `service-2.json` (https://github.com/boto/botocore/blob/develop/botocore/model.py).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A reference to a shape, with how it is named on the wire in this very place. */
export type Reference = {
  readonly shape: string;
  readonly locationName?: string;
  /** EC2's protocol only. */
  readonly queryName?: string;
  /** S3's protocol only: where in a request it stands; in its body unless given. */
  readonly location?: string;
  readonly flattened?: boolean;
  readonly documentation?: string;
};

type Common = { readonly locationName?: string; readonly flattened?: boolean };
/** Of a number its value is bounded, of anything else its length. */
type Bounds = { readonly min?: number; readonly max?: number };

export type StructureShape = Common & {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, Reference>>;
  readonly required?: readonly string[];
  /** Exactly one member is set. */
  readonly union?: boolean;
};
type ListShape = Common & Bounds & { readonly type: 'list'; readonly member: Reference };
type MapShape = Common & Bounds & { readonly type: 'map'; readonly key: Reference; readonly value: Reference };
export type ScalarShape = Common &
  Bounds & {
    readonly type: 'string' | 'blob' | 'integer' | 'long' | 'float' | 'double' | 'boolean' | 'timestamp';
    readonly pattern?: string;
    readonly enum?: readonly string[];
  };
export type Shape = StructureShape | ListShape | MapShape | ScalarShape;

export type Model = {
  readonly metadata: { readonly apiVersion: string; readonly protocol: string; readonly targetPrefix?: string };
  readonly operations: Readonly<Record<string, { readonly input?: Reference }>>;
  readonly shapes: Readonly<Record<string, Shape>>;
};

/** The services that anybody calls here, as the sandbox's record names them, and botocore's folders. */
const FOLDERS: Readonly<Record<string, string>> = {
  autoscaling: 'autoscaling/2011-01-01',
  ec2: 'ec2/2016-11-15',
  elb: 'elb/2012-06-01',
  elbv2: 'elbv2/2015-12-01',
  iam: 'iam/2010-05-08',
  kms: 'kms/2014-11-01',
  s3: 's3/2006-03-01',
  servicequotas: 'service-quotas/2019-06-24',
  ssm: 'ssm/2014-11-06',
  sts: 'sts/2011-06-15',
};

export const SERVICES = Object.keys(FOLDERS);

/** A service's model; an error that says what to do for one that this judge doesn't know. */
export type Models = (service: string) => Model;

/** Where botocore's data lie in an environment, by the path of its Python. */
const dataOf = (python: string): string => {
  const libraries = join(dirname(dirname(python)), 'lib');
  const found = readdirSync(libraries)
    .map((name) => join(libraries, name, 'site-packages/botocore/data'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${libraries} has no botocore: get the sandbox's tools with npm run tools`);
  return found;
};

/** The models that come with the sandbox's Python; each is read once. */
export const modelsOf = (python: string): Models => {
  const data = dataOf(python);
  const read = new Map<string, Model>();
  return (service) => {
    const folder = FOLDERS[service];
    if (folder === undefined) {
      throw new Error(
        `No model is known for the service ${service}: say in test/judge/models.ts where botocore has it.`,
      );
    }
    const known = read.get(service);
    if (known !== undefined) return known;
    const model = JSON.parse(gunzipSync(readFileSync(join(data, folder, 'service-2.json.gz'))).toString()) as Model;
    read.set(service, model);
    return model;
  };
};

/** The shape of a reference. Models are whole: one that names what it doesn't have is broken. */
export const shapeOf = (model: Model, { shape: name }: Reference): Shape => {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`The model has no shape ${name}.`);
  return shape;
};

/** What an operation takes; undefined for one that takes nothing. */
export const inputOf = (model: Model, operation: string): StructureShape | undefined => {
  const input = model.operations[operation]?.input;
  if (input === undefined) return undefined;
  const shape = shapeOf(model, input);
  return shape.type === 'structure' ? shape : undefined;
};

/**
 * A pattern as a regular expression for the whole value. Models have Java's: those with properties of characters or pairs of
 * surrogates mean the same here with the flag `u`, which takes no needless backslash; all others without it.
 */
export const compiled = (pattern: string): RegExp => {
  const unicode = /\\p\{|\\u[dD][89abAB]/.test(pattern) ? 'u' : '';
  const anyCase = pattern.startsWith('(?i)') ? 'i' : '';
  return new RegExp(`^(?:${pattern.replace(/^\(\?i\)/, '')})$`, `${unicode}${anyCase}`);
};

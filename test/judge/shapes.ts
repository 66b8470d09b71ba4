/**
 * Shapes: whether a request's parameters are what AWS's model of the service asks for.
 *
 * Owns: types, required members, lengths, ranges, patterns and enumerations. Neighbours: `models.ts` has the models, `rules/` what
 * they leave out. Pure.
 */
import { type Finding, finding, lengthOf, pageOf, short } from './finding.ts';
import { compiled, inputOf, type Model, type Reference, type ScalarShape, type Shape, shapeOf } from './models.ts';
import { isMalformed, isStructure } from './parameters.ts';
import type { Request } from './wire.ts';

/** Enumerations that grow faster than botocore is pinned anew: what is missing in them proves nothing. */
const GROWING = new Set(['InstanceType']);

type Fault = { readonly rule: string; readonly where: string; readonly what: string; readonly value: unknown };

const fault = (rule: string, where: string, value: unknown, what: string): Fault => ({
  ...{ rule: `model.${rule}`, where, value, what },
});

const inside = (where: string, name: string): string => (where === '' ? name : `${where}.${name}`);

/** How long a value is, or how much: what bounds are about. */
const measureOf = (shape: Shape, value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'string') {
    return shape.type === 'blob' ? Buffer.from(value, 'base64').length : lengthOf(value);
  }
  return isStructure(value) ? Object.keys(value).length : undefined;
};

const ofBounds = (shape: Shape, value: unknown, where: string): readonly Fault[] => {
  if (shape.type === 'structure') return [];
  const measure = measureOf(shape, value);
  if (measure === undefined) return [];
  const { min = -Infinity, max = Infinity } = shape;
  if (measure < min) return [fault('min', where, value, `${short(value)}: at least ${min}`)];
  return measure > max ? [fault('max', where, value, `${short(value)}: at most ${max}`)] : [];
};

const TYPES: Readonly<Record<ScalarShape['type'], readonly string[]>> = {
  string: ['string'],
  blob: ['string'],
  boolean: ['boolean'],
  timestamp: ['string', 'number'],
  integer: ['number'],
  long: ['number'],
  float: ['number'],
  double: ['number'],
};

const ofScalar = (name: string, shape: ScalarShape, value: unknown, where: string): readonly Fault[] => {
  if (!TYPES[shape.type].includes(typeof value)) {
    return [fault('type', where, value, `${short(value)} is no ${shape.type}`)];
  }
  if (typeof value !== 'string') return [];
  const { pattern, enum: allowed } = shape;
  return [
    ...(pattern !== undefined && !compiled(pattern).test(value)
      ? [fault('pattern', where, value, `${short(value)} does not match ${pattern}`)]
      : []),
    ...(allowed !== undefined && !allowed.includes(value) && !GROWING.has(name)
      ? [fault('enum', where, value, `${short(value)} is none of ${short(allowed.join(', '))}`)]
      : []),
  ];
};

const ofValue = (model: Model, reference: Reference, value: unknown, where: string): readonly Fault[] => {
  const shape = shapeOf(model, reference);
  if (isMalformed(value)) return [fault('type', where, value.text, `${short(value.text)} is no ${value.malformed}`)];
  switch (shape.type) {
    case 'structure': {
      if (!isStructure(value)) return [fault('type', where, value, `${short(value)} is no structure`)];
      const missing = (shape.required ?? []).filter((name) => value[name] === undefined);
      const united = shape.union === true && Object.keys(value).length !== 1;
      return [
        ...missing.map((name) => fault('required', inside(where, name), '', `${name} is required`)),
        ...(united ? [fault('union', where, value, 'exactly one of its members must be set')] : []),
        ...Object.entries(value).flatMap(([name, inner]) => {
          const member = shape.members[name];
          const place = inside(where, name);
          return member === undefined
            ? [fault('unknown', place, inner, `there is no member ${name}`)]
            : ofValue(model, member, inner, place);
        }),
      ];
    }
    case 'list':
      if (!Array.isArray(value)) return [fault('type', where, value, `${short(value)} is no list`)];
      return [
        ...ofBounds(shape, value, where),
        ...value.flatMap((one) => ofValue(model, shape.member, one, `${where}[]`)),
      ];
    case 'map':
      if (!isStructure(value)) return [fault('type', where, value, `${short(value)} is no map`)];
      return [
        ...ofBounds(shape, value, where),
        ...Object.entries(value).flatMap(([key, inner]) => [
          ...ofValue(model, shape.key, key, `${where}{key}`),
          ...ofValue(model, shape.value, inner, `${where}{value}`),
        ]),
      ];
    default:
      return [...ofBounds(shape, value, where), ...ofScalar(reference.shape, shape, value, where)];
  }
};

/** All that the service's model has against a request. */
export const byModel = (model: Model, { service, operation, parameters }: Request): readonly Finding[] => {
  const input = model.operations[operation]?.input;
  if (input === undefined || inputOf(model, operation) === undefined) return [];
  const page = pageOf(service, operation);
  return ofValue(model, input, parameters, '').map(({ rule, ...found }) => finding(rule, page, found));
};

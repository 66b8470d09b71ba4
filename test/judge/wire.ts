/**
 * Wire: from a request as it was sent to its parameters, the inverse of what SDKs do.
 *
 * Owns: EC2's and the query protocol (https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html,
 * https://smithy.io/2.0/aws/protocols/aws-query-protocol.html), JSON, and what S3's path says; and saying what of a request no model knows.
 * Neighbours: `models.ts` says what there could be, `shapes.ts` whether a value is right. Pure.
 */
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import { type Finding, finding, pageOf } from './finding.ts';
import { inputOf, type Model, type Models, type Reference, type Shape, shapeOf } from './models.ts';
import { isStructure, type Malformed, type Parameters } from './parameters.ts';

export type Request = KeptRequest & { readonly parameters: Parameters };

type Flat = ReadonlyMap<string, string>;

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const wireName = (protocol: string, name: string, reference: Reference, shape: Shape): string => {
  const given = reference.locationName ?? shape.locationName;
  if (protocol === 'ec2') return reference.queryName ?? capital(given ?? name);
  return given ?? name;
};

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false };

const malformed = (type: string, text: string): Malformed => ({ malformed: type, text });

const scalar = (type: string, text: string): unknown => {
  switch (type) {
    case 'integer':
    case 'long':
      return /^-?\d+$/.test(text) ? Number(text) : malformed(type, text);
    case 'float':
    case 'double':
      return Number.isFinite(Number(text)) && text.trim() !== '' ? Number(text) : malformed(type, text);
    case 'boolean':
      return BOOLEANS[text.toLowerCase()] ?? malformed(type, text);
    default:
      return text;
  }
};

/** Which numbers follow a prefix: `Filter.2.Name` has 2 after `Filter`. */
const numbersAfter = (prefix: string, flat: Flat): readonly number[] => {
  const found = [...flat.keys()]
    .filter((key) => key.startsWith(`${prefix}.`))
    .map((key) => key.slice(prefix.length + 1).split('.', 1)[0] ?? '');
  return [...new Set(found.filter((text) => /^\d+$/.test(text)).map(Number))].sort((one, other) => one - other);
};

const isThere = (key: string, flat: Flat): boolean =>
  flat.has(key) || [...flat.keys()].some((one) => one.startsWith(`${key}.`));

/** One way through a request: what is read of it is noted. */
type Reading = { readonly model: Model; readonly flat: Flat; readonly used: Set<string> };

/** The query protocol names a flattened list by its members. */
const nameOfList = (protocol: string, full: string, shape: Shape, flattened: boolean): string => {
  if (protocol === 'ec2' || shape.type !== 'list' || !flattened || shape.member.locationName === undefined) return full;
  return [...full.split('.').slice(0, -1), shape.member.locationName].join('.');
};

const readStructure = (reading: Reading, shape: Extract<Shape, { type: 'structure' }>, prefix: string): Parameters => {
  const { protocol } = reading.model.metadata;
  const members = Object.entries(shape.members).flatMap(([name, reference]) => {
    const inner = shapeOf(reading.model, reference);
    const own = wireName(protocol, name, reference, inner);
    const flattened = reference.flattened === true || inner.flattened === true;
    const full = nameOfList(protocol, prefix === '' ? own : `${prefix}.${own}`, inner, flattened);
    return isThere(full, reading.flat) ? [[name, read(reading, reference, full)] as const] : [];
  });
  return Object.fromEntries(members);
};

const read = (reading: Reading, reference: Reference, prefix: string): unknown => {
  const { model, flat, used } = reading;
  const shape = shapeOf(model, reference);
  const flattened = model.metadata.protocol === 'ec2' || reference.flattened === true || shape.flattened === true;
  switch (shape.type) {
    case 'structure':
      return readStructure(reading, shape, prefix);
    case 'list': {
      // An empty list is written as a name without a value.
      if (flat.get(prefix) === '') used.add(prefix);
      const base = flattened ? prefix : `${prefix}.${shape.member.locationName ?? 'member'}`;
      return numbersAfter(base, flat).map((number) => read(reading, shape.member, `${base}.${number}`));
    }
    case 'map': {
      const base = flattened ? prefix : `${prefix}.entry`;
      const [key, value] = [shape.key.locationName ?? 'key', shape.value.locationName ?? 'value'];
      const entries = numbersAfter(base, flat).map((number) => {
        used.add(`${base}.${number}.${key}`);
        const name = flat.get(`${base}.${number}.${key}`) ?? '';
        return [name, read(reading, shape.value, `${base}.${number}.${value}`)] as const;
      });
      return Object.fromEntries(entries);
    }
    default: {
      used.add(prefix);
      const text = flat.get(prefix);
      // `Size.1=2` where one number is meant.
      return text === undefined ? malformed(shape.type, 'several values') : scalar(shape.type, text);
    }
  }
};

type Read = { readonly request: Request; readonly findings: readonly Finding[] };

const queryOf = ({ path, body }: KeptRequest): URLSearchParams =>
  new URLSearchParams(body === '' ? path.split('?').slice(1).join('?') : body);

const readQuery = (model: Model, kept: KeptRequest): Read => {
  const { service, operation } = kept;
  const page = pageOf(service, operation);
  const pairs = [...queryOf(kept)];
  const flat = new Map(pairs);
  const version = flat.get('Version') ?? '';
  const used = new Set(['Action', 'Version']);
  const input = inputOf(model, operation);
  const parameters = input === undefined ? {} : readStructure({ model, flat, used }, input, '');
  const unknown = [...flat.keys()].filter((key) => !used.has(key));
  return {
    request: { ...kept, parameters },
    findings: [
      ...(flat.size < pairs.length
        ? [finding('wire.repeated', page, { where: '', what: 'the same parameter stands in it twice' })]
        : []),
      ...(version === model.metadata.apiVersion
        ? []
        : [
            finding('wire.version', page, {
              where: 'Version',
              what: `${service} has version ${model.metadata.apiVersion}, not ${version}`,
            }),
          ]),
      ...unknown.map((key) =>
        finding('wire.unknown', page, {
          where: key.replaceAll(/\.\d+/g, '[]'),
          what: `${operation} has no parameter ${key}`,
          value: key,
        }),
      ),
    ],
  };
};

/**
 * S3's: `/bucket/key?query`, of which the path and the query are read. Headers are not kept, nor are objects.
 * https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
 */
const readRest = (model: Model, kept: KeptRequest): Read => {
  const [path = '', query = ''] = kept.path.split('?', 2);
  const [, bucket = '', ...key] = path.split('/').map((part) => decodeURIComponent(part));
  const asked = new URLSearchParams(query);
  const inPath: Readonly<Record<string, string>> = { Bucket: bucket, Key: key.join('/') };
  const members = Object.entries(inputOf(model, kept.operation)?.members ?? {});
  const parameters = members.flatMap(([name, reference]): readonly (readonly [string, unknown])[] => {
    const { location, locationName = name } = reference;
    const text =
      location === 'uri' ? inPath[locationName] : location === 'querystring' ? asked.get(locationName) : null;
    return text === undefined || text === null ? [] : [[name, scalar(shapeOf(model, reference).type, text)]];
  });
  return { request: { ...kept, parameters: Object.fromEntries(parameters) }, findings: [] };
};

/** What was sent, as parameters; and what of it is no call that AWS's model has. */
export const readRequest = (models: Models, kept: KeptRequest): Read => {
  const model = models(kept.service);
  if (model.operations[kept.operation] === undefined) {
    const what = `${kept.service} has no operation ${kept.operation}`;
    const page = pageOf(kept.service, kept.operation);
    return {
      request: { ...kept, parameters: {} },
      findings: [finding('wire.operation', page, { where: '', what, value: kept.operation })],
    };
  }
  if (model.metadata.protocol === 'rest-xml') return readRest(model, kept);
  if (model.metadata.protocol !== 'json') return readQuery(model, kept);
  const parameters: unknown = JSON.parse(kept.body === '' ? '{}' : kept.body);
  return { request: { ...kept, parameters: isStructure(parameters) ? parameters : {} }, findings: [] };
};

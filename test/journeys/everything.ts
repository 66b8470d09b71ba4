/**
 * Everything: all objects of a cluster, as its API shows them, and as which types etcd stores them.
 *
 * Owns: which resources there are, by the API's own discovery, and reading what lies in etcd far enough to know its type. Neighbours:
 * `etcd.ts` asks etcd, `real-upgrade.trial.test.ts` compares before and after.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { type ApiAccess, connectionTo } from '../../sandbox/availability/connections.ts';

const PATIENCE_MS = 20_000;
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

type Discovery = {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly resources: readonly { readonly resource: string; readonly verbs: readonly string[] }[];
    }[];
  }[];
};

export type Stored = {
  readonly metadata: { readonly uid: string; readonly name: string; readonly namespace?: string };
};

type Get = (path: string, accept?: string) => Promise<unknown>;

const asking = async <T>(access: ApiAccess, use: (get: Get) => Promise<T>): Promise<T> => {
  const dispatcher = connectionTo(access, 'h1', PATIENCE_MS);
  const get: Get = async (path, accept = 'application/json') => {
    const { statusCode, body, headers } = await request(`${access.server}${path}`, { dispatcher, headers: { accept } });
    const text = await body.text();
    if (statusCode === 429 && headers['retry-after'] !== undefined) {
      // A kind of its own that this API server is asked for the first time: every client waits as it is told to.
      await delay(Number(headers['retry-after']) * 1_000);
      return get(path, accept);
    }
    if (statusCode !== 200) throw new Error(`${path}: HTTP ${statusCode} ${text.slice(0, 200)}`);
    return JSON.parse(text) as unknown;
  };
  try {
    return await use(get);
  } finally {
    await dispatcher.destroy();
  }
};

/** Paths of all resources that can be listed. */
const resources = async (get: Get): Promise<readonly string[]> => {
  const groups = [await get('/api', AGGREGATED), await get('/apis', AGGREGATED)] as readonly Discovery[];
  return groups
    .flatMap(({ items }) => items)
    .flatMap(({ metadata: { name = '' }, versions }) =>
      versions.flatMap(({ version, resources: all }) =>
        all
          .filter(({ verbs }) => verbs.includes('list'))
          .map(({ resource }) => `${name === '' ? '/api' : `/apis/${name}`}/${version}/${resource}`),
      ),
    );
};

/** Every object by its path, namespace and name; what comes and goes by itself is left out. */
export const everything = (access: ApiAccess): Promise<ReadonlyMap<string, Stored>> =>
  asking(access, async (get) => {
    const found = new Map<string, Stored>();
    for (const path of (await resources(get)).filter((one) => !/\/(events|leases)$/.test(one))) {
      const { items } = (await get(path)) as { readonly items: readonly Stored[] };
      for (const one of items) found.set(`${path} ${one.metadata.namespace ?? ''}/${one.metadata.name}`, one);
    }
    return found;
  });

/** A number of protobuf's, and where the next thing begins. */
const varint = (bytes: Buffer, from: number): readonly [number, number] => {
  let value = 0;
  for (let at = from, factor = 1; ; at += 1, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at + 1];
  }
};

/** The first of each of a message's fields that have a length: https://protobuf.dev/programming-guides/encoding/. */
const fieldsOf = (bytes: Buffer): ReadonlyMap<number, Buffer> => {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const [tag, begins] = varint(bytes, at);
    if ((tag & 7) === 0) at = varint(bytes, begins)[1];
    else if ((tag & 7) === 2) {
      const [length, content] = varint(bytes, begins);
      if (!fields.has(tag >> 3)) fields.set(tag >> 3, bytes.subarray(content, content + length));
      at = content + length;
    } else break;
  }
  return fields;
};

const PROTOBUF = Buffer.from('k8s\0');
const ENCRYPTED = 'k8s:enc:';

/** `apps/v1 Deployment`, as the API server stores it: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding. */
export const storedType = (value: Buffer): string => {
  if (value.subarray(0, ENCRYPTED.length).toString() === ENCRYPTED) return 'encrypted';
  if (value.subarray(0, PROTOBUF.length).equals(PROTOBUF)) {
    const type = fieldsOf(fieldsOf(value.subarray(PROTOBUF.length)).get(1) ?? Buffer.alloc(0));
    return [type.get(1), type.get(2)].map(String).join(' ');
  }
  const { apiVersion, kind } = JSON.parse(value.toString()) as { readonly apiVersion: string; readonly kind: string };
  return `${apiVersion} ${kind}`;
};

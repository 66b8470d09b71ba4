/**
 * The user cluster's etcd, asked directly on its client port with a certificate that it accepts.
 *
 * Owns: etcd's JSON gateway over mutual TLS. Neighbours: the agents' folders hold the certificates; nothing of Slipway's
 * own is in between, so that what is seen is what etcd holds.
 */
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';

const TIMEOUT_MS = 5_000;

export type EtcdMember = {
  readonly id: string;
  readonly name: string;
  readonly healthy: boolean;
  /** Whether it leads the others: the one whose loss is noticed most. */
  readonly leads: boolean;
};

export type Etcd = {
  /** Every member that etcd itself lists, each asked for its own health. */
  readonly members: () => Promise<readonly EtcdMember[]>;
  /** What is stored under a key, as it lies there. */
  readonly stored: (key: string) => Promise<Buffer>;
  /** What its members are, such as 3.6.16. */
  readonly version: () => Promise<string>;
  /** All that is stored below a key. */
  readonly below: (key: string) => Promise<readonly Buffer[]>;
};

type Listed = { readonly ID: string; readonly name?: string; readonly clientURLs?: readonly string[] };

/** The folder of a replica's certificates; of any replica that runs. */
const certificatesIn = (instanceFolders: readonly string[]): string => {
  const found = instanceFolders
    .map((folder) => `${folder}/run/pki`)
    // A replica that is being made has some of them.
    .find(
      (folder) =>
        ['key', 'crt'].every((form) => existsSync(`${folder}/agent-etcd-client.${form}`)) &&
        existsSync(`${folder}/etcd-ca.crt`),
    );
  if (found === undefined) throw new Error(`No replica's etcd certificate in ${instanceFolders.join(', ')}`);
  return found;
};

/** `instanceFolders` and `addresses` of replicas: any one that answers will do. */
export const etcdOf = (instanceFolders: () => readonly string[], addresses: readonly string[]): Etcd => {
  const urls = addresses.map((address) => `https://${address}:2379`);
  const ask = (url: string, path: string, body?: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const certificates = certificatesIn(instanceFolders());
      const outgoing = request(
        `${url}${path}`,
        {
          method: body === undefined ? 'GET' : 'POST',
          ca: readFileSync(`${certificates}/etcd-ca.crt`),
          cert: readFileSync(`${certificates}/agent-etcd-client.crt`),
          key: readFileSync(`${certificates}/agent-etcd-client.key`),
          agent: false,
          timeout: TIMEOUT_MS,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.once('error', reject);
          incoming.once('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`${url} gave no answer within ${TIMEOUT_MS} ms`)));
      outgoing.once('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });

  const askAny = async (path: string, body: unknown): Promise<unknown> => {
    const failures: unknown[] = [];
    for (const url of urls) {
      try {
        return await ask(url, path, body);
      } catch (error) {
        failures.push(error);
      }
    }
    throw new AggregateError(failures, `No member of etcd answers ${path}`);
  };

  const leader = async (): Promise<string | undefined> =>
    ((await askAny('/v3/maintenance/status', {})) as { readonly leader?: string }).leader;

  const isHealthy = async (member: Listed): Promise<boolean> => {
    try {
      const answer = (await ask(member.clientURLs?.[0] ?? '', '/health')) as { readonly health?: string };
      return answer.health === 'true';
    } catch {
      // Down, or not yet up: that is the answer.
      return false;
    }
  };

  return {
    members: async () => {
      const { members = [] } = (await askAny('/v3/cluster/member/list', { linearizable: true })) as {
        readonly members?: readonly Listed[];
      };
      const leading = await leader();
      const asked = members.map(async (member) => ({
        id: member.ID,
        name: member.name ?? '',
        healthy: await isHealthy(member),
        leads: member.ID === leading,
      }));
      return (await Promise.all(asked)).sort((a, b) => a.name.localeCompare(b.name));
    },
    stored: async (key) => {
      const answer = (await askAny('/v3/kv/range', { key: Buffer.from(key).toString('base64') })) as {
        readonly kvs?: readonly { readonly value: string }[];
      };
      const value = answer.kvs?.[0]?.value;
      if (value === undefined) throw new Error(`etcd holds nothing under ${key}`);
      return Buffer.from(value, 'base64');
    },
    version: async () => ((await askAny('/v3/maintenance/status', {})) as { readonly version: string }).version,
    below: async (key) => {
      const [from, to] = [Buffer.from(key), Buffer.from(key)];
      to[to.length - 1] = (to.at(-1) ?? 0) + 1;
      const range = { key: from.toString('base64'), range_end: to.toString('base64') };
      const { kvs = [] } = (await askAny('/v3/kv/range', range)) as {
        readonly kvs?: readonly { readonly value?: string }[];
      };
      return kvs.map(({ value = '' }) => Buffer.from(value, 'base64'));
    },
  };
};

/**
 * Secrets of a run: all there are, found where they rightly lie, and all the places in which none may be (I8).
 *
 * Owns: both lists. What is gathered at several moments adds up, since keys and histories come and go. Neighbours:
 * `needles.ts` searches.
 */
import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { encryptionContextOf, type UserData } from '../../machine/configuration.ts';
import { open } from '../../machine/envelope.ts';
import { METADATA_PORT } from '../../sandbox/instances/metadata.ts';
import { folders } from '../../sandbox/layout.ts';
import { withEnvironment } from '../../sandbox/process.ts';
import { MARK, readState } from '../../sandbox/supervisor/state.ts';
import { succeed } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import type { Journey } from './journey.ts';
import type { Haystack, Needle } from './needles.ts';
import type { TemporalForJourney } from './temporal.ts';

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----\n?/g;
const CLIENT_KEY = /client-key-data:\s*"?([A-Za-z0-9+/=]+)/g;
/** Entries of Secrets that everybody may read. */
const PUBLIC_ENTRIES = [
  ...['tls.crt', 'ca.crt', 'ssh-publickey', 'public', 'namespace'],
  ...['token-id', 'description', 'auth-extra-groups'],
];
/** Shorter entries are words such as `true`, not secrets. */
const SHORTEST = 16;

const isKey = (text: string): boolean => text.includes('PRIVATE KEY-----');

const needleOf = (name: string, text: string): Needle => ({ name, text: isKey(text) ? text : text.trim() });

const filesBelow = (folder: string, skip: (path: string) => boolean): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (skip(path)) return [];
    if (entry.isDirectory()) return filesBelow(path, skip);
    return entry.isFile() ? [path] : [];
  });

const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // An instance that ends takes its files with it, a process its command line.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return '';
    throw error;
  }
};

/** Private keys in files: authorities' and leaves' of replicas, nodes', the sandbox's own, the administrator's. */
const inFiles = (home: string): readonly Needle[] => {
  const { volumes, logs, data } = folders(home);
  const databases = [volumes, logs, `${data}/management-etcd`, `${data}/temporal.db`];
  return filesBelow(home, (path) => databases.some((database) => path.startsWith(database))).flatMap((path) => {
    // JSON files have line breaks escaped.
    const text = readIfThere(path).replaceAll('\\n', '\n');
    const encoded = [...text.matchAll(CLIENT_KEY)].map(([, key = '']) => Buffer.from(key, 'base64').toString('utf8'));
    return [...[...text.matchAll(PRIVATE_KEY)].map(([key]) => key), ...encoded].map((key) => needleOf(path, key));
  });
};

type SecretList = {
  readonly items: readonly {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
  }[];
};

const inSecrets = (of: string, json: string): readonly Needle[] =>
  (JSON.parse(json) as SecretList).items.flatMap(({ metadata, data = {} }) =>
    Object.entries(data)
      .filter(([entry]) => !PUBLIC_ENTRIES.includes(entry))
      .map(([entry, value]) =>
        needleOf(
          `${of} Secret ${metadata.namespace}/${metadata.name} ${entry}`,
          Buffer.from(value, 'base64').toString('utf8'),
        ),
      )
      .filter(({ text }) => text.length >= SHORTEST),
  );

/** What the sealed parts of user data say, opened as the agents do. */
const inUserData = async (journey: Journey): Promise<readonly Needle[]> => {
  const { aws } = journey.sandbox.status();
  const kms = new KMSClient({ region: aws.region, endpoint: aws.endpoint, credentials: SPECTATOR });
  try {
    const opened = (await journey.instances()).map(async ({ id, userData }) => {
      if (userData === null) return [];
      const document = JSON.parse(Buffer.from(userData, 'base64').toString('utf8')) as UserData;
      const { Plaintext: dataKey } = await kms.send(
        new DecryptCommand({
          CiphertextBlob: Buffer.from(document.sealed.encryptedKey, 'base64'),
          EncryptionContext: encryptionContextOf(document.configuration),
        }),
      );
      if (dataKey === undefined) throw new Error(`KMS did not open the user data of ${id}`);
      const parts = Object.entries(open(dataKey, document));
      return [
        { name: `data key of ${id}`, text: Buffer.from(dataKey).toString('latin1'), bytes: true },
        ...parts.map(([part, text]) => needleOf(`${part} in the user data of ${id}`, text)),
      ];
    });
    return (await Promise.all(opened)).flat();
  } finally {
    kms.destroy();
  }
};

/** The credentials that instances get from their metadata. */
const inMetadata = async (journey: Journey): Promise<readonly Needle[]> => {
  const read = async (endpoint: string, token: string, path: string): Promise<string> => {
    const answer = await fetch(`${endpoint}/latest/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } });
    if (!answer.ok) throw new Error(`${endpoint} answered ${answer.status} to ${path}`);
    return answer.text();
  };
  const got = (await journey.instances()).map(async ({ id, privateIp }) => {
    const endpoint = `http://${privateIp}:${METADATA_PORT}`;
    const session = await fetch(`${endpoint}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    const token = await session.text();
    const folder = 'meta-data/iam/security-credentials/';
    const role = (await read(endpoint, token, folder)).trim();
    const given = JSON.parse(await read(endpoint, token, folder + role)) as { SecretAccessKey: string; Token: string };
    return [
      needleOf(`secret access key of ${id}`, given.SecretAccessKey),
      needleOf(`session token of ${id}`, given.Token),
    ];
  });
  return (await Promise.all(got)).flat();
};

/** Every private key and token that exists at this moment, each once. */
export const secretsNow = async (journey: Journey): Promise<readonly Needle[]> => {
  const { sandbox, kubectl, user } = journey;
  const found = [
    ...inFiles(sandbox.home),
    {
      name: 'key of metadata sessions',
      text: readFileSync(`${folders(sandbox.home).instances}/metadata.key`, 'latin1'),
      bytes: true,
    },
    ...inSecrets('management', await kubectl('get', 'secrets', '-A', '-o', 'json')),
    ...inSecrets('cluster', await user('get', 'secrets', '-A', '-o', 'json')),
    needleOf('token of a service account', await user('create', 'token', 'default')),
    ...(await inUserData(journey)),
    ...(await inMetadata(journey)),
  ];
  return [...new Map(found.map((needle) => [needle.text, needle])).values()];
};

/** All histories that Temporal holds, and what it says of their workflows beside. */
export const historiesNow = async (temporal: TemporalForJourney): Promise<readonly Haystack[]> => {
  const haystacks: Haystack[] = [];
  for (const { execution, type } of await temporal.list()) {
    const where = `${type.name} ${execution.workflowId} ${execution.runId}`;
    haystacks.push(
      { where: `history of ${where}`, text: await temporal.history(execution.workflowId, execution.runId) },
      { where: `description of ${where}`, text: await temporal.describe(execution.workflowId, execution.runId) },
    );
  }
  return haystacks;
};

/** The command lines of all processes: everybody on the computer may read them. */
const commandLinesNow = (home: string): readonly Haystack[] =>
  withEnvironment(MARK, readState(home)?.mark ?? '').map(({ pid }) => ({
    where: `command line of process ${pid}`,
    text: readIfThere(`/proc/${pid}/cmdline`),
  }));

/** Every other place that people and programs may read: logs, events, statuses, metrics, AWS, the hub. */
export const publicPlacesNow = async (journey: Journey): Promise<readonly Haystack[]> => {
  const { sandbox, kubectl, layout } = journey;
  const { host, port } = layout().workerMetrics;
  const answer = await fetch(`http://${host}:${port}/metrics`);
  // Read at once: who keeps a server waiting with half an answer is hung up on.
  const metrics = await answer.text();
  if (!answer.ok) throw new Error(`The worker's metrics answered ${answer.status}: ${metrics}`);
  const { volumes, data } = folders(sandbox.home);
  const logs = filesBelow(
    sandbox.home,
    (path) => path.startsWith(volumes) || path.startsWith(`${data}/management-etcd`),
  );
  return [
    ...logs
      .filter((path) => /\.log$|\.jsonl$|\/logs\/|\/hub\.json$|temporal\.db/.test(path))
      .map((path) => ({ where: path, text: readIfThere(path) })),
    ...commandLinesNow(sandbox.home),
    { where: 'events', text: await kubectl('get', 'events', '-A', '-o', 'json') },
    { where: 'objects', text: await kubectl('get', 'awsclusters,awsnodepools', '-A', '-o', 'yaml') },
    { where: 'slipway describe', text: (await sandbox.slipway(['clusters', 'describe', 'cluster-0'])).stdout },
    { where: 'metrics of the worker', text: metrics },
    { where: 'what AWS holds', text: JSON.stringify(await journey.inventory()) },
    { where: 'launch templates and instances', text: JSON.stringify(await journey.instances()) },
  ];
};

/** The same for the cluster's own API, while there is one. */
export const clusterPlacesNow = async ({ user }: Journey): Promise<readonly Haystack[]> => [
  { where: 'events of the cluster', text: await user('get', 'events', '-A', '-o', 'json') },
  {
    where: 'objects of the cluster',
    text: await user('get', 'nodes,pods,configmaps,csr,services,deployments', '-A', '-o', 'json'),
  },
];

/** Whether a text is one that a program could use: a guard against gathering nothing. */
export const usableKeys = (needles: readonly Needle[]): number =>
  needles.filter(({ text }) => isKey(text) && createPrivateKey(text).type === 'private').length;

/** Plants a text, in another form each, where only the search could find it: in a history, in a log and in an event. */
export const plant = async (journey: Journey, temporal: TemporalForJourney, text: string): Promise<void> => {
  const [entity = ''] = await journey.entityIds();
  await temporal.poke(entity, Buffer.from(text).toString('base64'));
  const asked = await fetch(`${journey.sandbox.status().hub}/v1/${Buffer.from(text).toString('hex')}`);
  await asked.text();
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: 'planted-', namespace: 'default' },
    involvedObject: { kind: 'Planted', namespace: 'default', name: 'planted' },
    reason: 'Planted',
    message: text.slice(0, 900),
    type: 'Normal',
  };
  await succeed('create event', journey.sandbox.kubectl(['create', '-f', '-'], { input: JSON.stringify(event) }));
};

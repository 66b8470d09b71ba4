/** What a machine makes of answers that nobody should give it: user data, metadata and credentials. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { instanceCredentials } from '../../agent/aws/credentials.ts';
import { createMetadata, identify } from '../../agent/metadata.ts';
import { parseUserData, unseal } from '../../agent/user-data.ts';
import { send } from '../../kubernetes/http.ts';
import { encryptionContextOf, type MachineConfiguration } from '../../machine/configuration.ts';
import { canonicalJson, close } from '../../machine/envelope.ts';
import { instanceDefect, userDataDefect } from '../../machine/shape.ts';
import { instance, nodeConfiguration, replicaConfiguration } from '../machine/examples.ts';
import { waitFor } from '../support/wait.ts';
import { kmsDouble, recordedLog } from './doubles.ts';

const never = new AbortController().signal;

const SEALED = { encryptedKey: 'AAAA', nonce: 'AAAA', tag: 'AAAA', ciphertext: 'AAAA' };
const documentOf = (configuration: unknown, sealed: unknown = SEALED): string =>
  JSON.stringify({ slipway: 1, configuration, sealed });

/** Texts that mean something to a shell, a file system, a URL, an INI file, a list or JavaScript. */
const HOSTILE: readonly unknown[] = [
  ...['../../../etc/cron.d/x', '/etc/passwd', 'vol-1/..', 'vol-1\u0000', '.', '', ' '],
  ...['$(reboot)', '`id`', ';rm -rf /', '| nc x 1', '\'"', 'vol-1 --data-dir=/'],
  ...[
    'eu-west-1\nVPC=vpc-2',
    'a,b=https://evil:2380',
    'evil.example/x?',
    'evil.example#',
    'user@evil.example',
    '\u001b[2J',
  ],
  ...['__proto__', 'constructor', 'ünïcode', 'a'.repeat(5_000), '\ud800'],
  ...[null, true, 7, -1, 1.5, [], {}, ['vol-1'], { toString: 'vol-1' }],
];

const replaced = (configuration: MachineConfiguration, field: string, value: unknown): unknown => ({
  ...configuration,
  [field]: value,
});

describe('User data', () => {
  test.each([replicaConfiguration(), nodeConfiguration()])(
    'of a $role is taken as Slipway makes it',
    (configuration) => {
      expect(userDataDefect(configuration, SEALED)).toBeUndefined();
      expect(parseUserData(documentOf(configuration))).toMatchObject({ configuration });
    },
  );

  // What would be a folder, a URL, an argument or a line of a file.
  const fields = {
    replica: [
      ...['clusterId', 'clusterName', 'region', 'index', 'versions', 'endpoint', 'volumeId', 'networkInterfaceId'],
      ...['memberAddresses', 'vpcId', 'subnetId', 'podCidr', 'serviceCidr', 'kmsKeyArn', 'certificateAuthorities'],
    ],
    node: [
      ...['clusterId', 'region', 'poolId', 'poolName', 'versions', 'endpoint', 'certificateAuthority'],
      'maxPodsPerNode',
    ],
  };
  test.each([
    ...fields.replica.map((field) => ({ configuration: replicaConfiguration(), field })),
    ...fields.node.map((field) => ({ configuration: nodeConfiguration(), field })),
  ])(
    'of a $configuration.role is refused by the name of $field when that is hostile or missing',
    ({ configuration, field }) => {
      // A number of pods may be 7, and a cluster may be called by what happens to be a name.
      const valid = (value: unknown) =>
        (field === 'maxPodsPerNode' && value === 7) ||
        (/Name$/.test(field) && value === 'constructor') ||
        (field === 'endpoint' && value === 'constructor');
      for (const value of HOSTILE.filter((one) => !valid(one))) {
        const document = documentOf(replaced(configuration, field, value));
        expect(() => parseUserData(document)).toThrow(/has no usable configuration\.\w+: /);
      }
      expect(() => parseUserData(documentOf(replaced(configuration, field, undefined)))).toThrow(
        `configuration.${field}`,
      );
    },
  );

  test.each([
    ['a list with a hostile member', { memberAddresses: ['10.0.1.10', '10.0.2.10,x=https://evil:2380', '10.0.3.10'] }],
    ['a replica that no member is', { index: 3 }],
    ['a version that is a path', { versions: { kubernetes: '../1.36.3', etcd: '3.6.16', cloudController: '1.36.1' } }],
  ])('with %s is refused', (_what, overrides) => {
    expect(() => parseUserData(documentOf(replicaConfiguration(overrides)))).toThrow(/has no usable/);
  });

  test.each([
    ['labels', JSON.parse('{"__proto__":{"polluted":"yes"}}')],
    ['labels', { 'slipway.dev/x': 'a\nb' }],
    ['labels', { ok: 7 }],
    ['taints', [{ key: 'a', effect: 'Sometimes' }]],
    ['taints', [{ key: '../x', effect: 'NoSchedule' }]],
    ['taints', { length: 1 }],
  ])('of a node with hostile %s is refused', (field, value) => {
    expect(() => parseUserData(documentOf(replaced(nodeConfiguration(), field, value)))).toThrow(
      `configuration.${field}`,
    );
    expect({}).not.toHaveProperty('polluted');
  });

  test.each([[null], [{}], [[]], ['x'], [{ ...SEALED, tag: 7 }], [{ ...SEALED, encryptedKey: '%' }]])(
    'whose sealed part is %j is refused before KMS is asked',
    (sealed) => {
      expect(() => parseUserData(documentOf(nodeConfiguration(), sealed))).toThrow(/has no usable sealed/);
    },
  );

  test('that is longer than EC2 takes is refused unread', () => {
    expect(() => parseUserData(`"${'x'.repeat(1 << 20)}"`)).toThrow('which EC2 would not have taken');
  });

  test('that is not JSON is refused without a word of it', () => {
    expect(() => parseUserData('{"token": "abcdef.0123456789abcdef"')).toThrow(
      expect.not.objectContaining({ cause: expect.anything() }),
    );
  });

  test('is taken or refused, whatever JSON it is, and nothing else happens', () =>
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom('replica', 'node', '__proto__'),
        (value, role) => {
          const configuration = { ...value, role };
          expect(() => parseUserData(documentOf(configuration))).toThrow(/^The user data of this instance/);
        },
      ),
    ));

  test('is not opened when its tag was cut, which would be guessed in no time', async () => {
    const kms = kmsDouble();
    const configuration = nodeConfiguration();
    const key = await kms.generateDataKey('key', encryptionContextOf(configuration));
    const sealed = close({ plaintext: key.plaintext, encrypted: key.ciphertext }, configuration, { token: 'x' });
    for (const bytes of [0, 4, 8, 12, 15]) {
      const tag = Buffer.from(sealed.tag, 'base64').subarray(0, bytes).toString('base64');
      const document = { slipway: 1 as const, configuration, sealed: { ...sealed, tag } };
      await expect(unseal(document, kms, recordedLog().log, never)).rejects.toThrow();
    }
  });

  test.each([
    ['not JSON', '{"token": "abcdef.0123456789abcdef'],
    ['no object', '"abcdef.0123456789abcdef"'],
    ['a secret that is none', '{"token":{"abcdef.0123456789abcdef":1}}'],
  ])('whose sealed part is %s is refused without a word of it', async (_what, plaintext) => {
    const kms = kmsDouble();
    const configuration = nodeConfiguration();
    const key = await kms.generateDataKey('key', encryptionContextOf(configuration));
    const { createCipheriv, randomBytes } = await import('node:crypto');
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key.plaintext, nonce);
    cipher.setAAD(Buffer.from(canonicalJson(configuration)));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]).toString('base64');
    const sealed = {
      encryptedKey: Buffer.from(key.ciphertext).toString('base64'),
      nonce: nonce.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      ciphertext,
    };
    const thrown = await unseal({ slipway: 1, configuration, sealed }, kms, recordedLog().log, never).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(thrown?.message).toMatch(/sealed part/);
    expect(thrown?.cause).toBeUndefined();
    expect(thrown?.message).not.toContain('abcdef');
  });
});

describe('What an instance is', () => {
  test.each(['id', 'type', 'region', 'zone', 'address', 'hostname'] as const)(
    'is not believed with a hostile %s',
    (field) => {
      expect(instanceDefect(instance())).toBeUndefined();
      for (const value of HOSTILE.filter((one) => field !== 'hostname' || one !== 'constructor')) {
        expect(instanceDefect(instance({ [field]: value }))).toBe(field);
      }
    },
  );
});

describe('The metadata service', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const HONEST: Readonly<Record<string, string>> = {
    '/latest/api/token': 'dG9rZW4=',
    '/latest/meta-data/instance-id': 'i-0123456789abcdef0',
    '/latest/meta-data/instance-type': 'm5.large',
    '/latest/meta-data/placement/region': 'eu-west-1',
    '/latest/meta-data/placement/availability-zone': 'eu-west-1b',
    '/latest/meta-data/local-ipv4': '10.0.2.77',
    '/latest/meta-data/local-hostname': 'ip-10-0-2-77.eu-west-1.compute.internal',
    '/latest/meta-data/iam/security-credentials/': 'slipway-node',
    '/latest/meta-data/iam/security-credentials/slipway-node': JSON.stringify({
      AccessKeyId: 'ASIA',
      SecretAccessKey: 'swordfish-key',
      Token: 'swordfish-token',
      Expiration: '2030-01-01T00:00:00Z',
    }),
    '/latest/user-data': '{}',
  };

  type Lie = string | ((response: ServerResponse) => void);

  /** A service that lies about some paths. */
  const serve = async (lies: Readonly<Record<string, Lie>>) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const path = request.url ?? '';
      asked.push(path);
      const answer = lies[path] ?? HONEST[path];
      if (typeof answer === 'function') return answer(response);
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return { metadata: createMetadata(`http://127.0.0.1:${port}`), url: `http://127.0.0.1:${port}`, asked };
  };

  test('is believed when it is honest', async () => {
    const { metadata } = await serve({});
    const { instance: found } = await identify(metadata, recordedLog().log, never);
    expect(found).toMatchObject({ id: 'i-0123456789abcdef0', zone: 'eu-west-1b' });
    expect(await instanceCredentials(metadata)()).toMatchObject({ accessKeyId: 'ASIA' });
  });

  test.each([
    ['a domain of the VPC’s own', 'ip-10-0-2-77.corp.example'],
    ['several domains', 'ip-10-0-2-77.eu-west-1.compute.internal corp.example'],
    ['no domain', 'ip-10-0-2-77'],
    ['a command', '$(reboot)'],
    ['nothing', ''],
  ])('has no say in what a machine is called: the name is EC2’s own where it gives %s', async (_what, name) => {
    const { metadata } = await serve({ '/latest/meta-data/local-hostname': name });
    const { instance: found } = await identify(metadata, recordedLog().log, never);
    expect(found.hostname).toBe('ip-10-0-2-77.eu-west-1.compute.internal');
  });

  test.each([
    ['a path for an id', '/latest/meta-data/instance-id', '../../vol-1', 'no id of an instance'],
    [
      'a line break in a zone',
      '/latest/meta-data/placement/availability-zone',
      'eu-west-1b\nx',
      'no zone of an instance',
    ],
    ['bytes that are no text', '/latest/meta-data/local-ipv4', '\ufffd\ufffd', 'no address of an instance'],
    ['a token that is a header', '/latest/api/token', 'x\r\nhost: evil', 'a token that is none'],
    ['far too much', '/latest/user-data', 'x'.repeat(1 << 20), 'answered with more than'],
  ])('is asked again when it gives %s, and the log says so', async (_what, path, lie, said) => {
    const { metadata } = await serve({ [path]: lie });
    const { log, messages } = recordedLog();
    const stopping = new AbortController();
    const identified = identify(metadata, log, stopping.signal);
    await waitFor('it says why', () => Promise.resolve(messages().some((each) => each.includes(said)) || undefined));
    stopping.abort(new Error('seen'));
    await expect(identified).rejects.toThrow();
  });

  test('sends nobody elsewhere: a redirect is a refusal', async () => {
    const elsewhere = await serve({});
    const { metadata } = await serve({
      '/latest/user-data': (response) =>
        response.writeHead(302, { location: `${elsewhere.url}/latest/user-data` }).end(),
    });
    await expect(metadata.read('user-data')).rejects.toThrow('HTTP 302');
    expect(elsewhere.asked).toEqual([]);
  });

  test('that answers without an end is given up', async () => {
    const { url } = await serve({
      '/slow': (response) => {
        const drip = setInterval(() => response.write('x'), 5);
        response.once('close', () => clearInterval(drip));
      },
      '/silent': () => undefined,
    });
    await expect(send({ url: `${url}/slow`, timeoutMillis: 3_000 })).rejects.toThrow('did not finish its answer');
    await expect(send({ url: `${url}/silent`, timeoutMillis: 200 })).rejects.toThrow('did not answer within');
  });

  test.each<[string, Readonly<Record<string, Lie>>]>([
    [
      'cut in the middle',
      { '/latest/meta-data/iam/security-credentials/slipway-node': '{"SecretAccessKey":"swordfish' },
    ],
    [
      'of other types',
      { '/latest/meta-data/iam/security-credentials/slipway-node': '{"AccessKeyId":{"a":"swordfish"}}' },
    ],
    [
      'that never expire',
      {
        '/latest/meta-data/iam/security-credentials/slipway-node':
          '{"AccessKeyId":"A","SecretAccessKey":"swordfish","Token":"T","Expiration":"never"}',
      },
    ],
    ['of a role that is a path', { '/latest/meta-data/iam/security-credentials/': '../../user-data' }],
    ['of no role', { '/latest/meta-data/iam/security-credentials/': '' }],
  ])('that gives credentials %s is refused without a word of them', async (_what, lies) => {
    const { metadata } = await serve(lies);
    const thrown = await instanceCredentials(metadata)().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(thrown?.message).toMatch(/^The metadata service/);
    expect(`${thrown?.message} ${String(thrown?.cause)}`).not.toContain('swordfish');
  });
});

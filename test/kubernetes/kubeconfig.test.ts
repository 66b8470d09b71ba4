import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chooseContext } from '../../kubernetes/kubeconfig.ts';

const kubeconfigOf = (name: string): string =>
  JSON.stringify({
    'current-context': name,
    clusters: [{ name, cluster: { server: `https://${name}` } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [{ name, user: { token: name } }],
  });

describe('A list of kubeconfigs, as in KUBECONFIG', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-kubeconfigs-'));
    for (const name of ['first', 'second']) await writeFile(join(folder, name), kubeconfigOf(name));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const choose = (names: readonly string[], context?: string) =>
    chooseContext({
      kubeconfig: names.map((name) => name && join(folder, name)).join(delimiter),
      ...(context === undefined ? {} : { context }),
    });

  test.each([
    { names: ['first'], contexts: ['first'] },
    { names: ['first', 'second'], contexts: ['first', 'second'] },
    { names: ['second', 'first'], contexts: ['second', 'first'] },
    { names: ['', 'nowhere', 'second', ''], contexts: ['second'] },
  ])(
    '$names is read as one with the contexts $contexts, of which the first is the current one',
    ({ names, contexts }) => {
      expect(choose(names, 'none')).toMatchObject({ known: contexts });
      const [current = ''] = contexts;
      expect(choose(names)).toMatchObject({ context: current, user: { token: current } });
      for (const context of contexts) {
        expect(choose(names, context)).toMatchObject({ cluster: { server: `https://${context}` } });
      }
    },
  );

  test.each([{ names: ['nowhere'] }, { names: ['nowhere', 'neither'] }])('$names is no kubeconfig', ({ names }) => {
    expect(() => choose(names)).toThrow('ENOENT');
  });
});

describe('A Pod', () => {
  const POD = { HOME: '/nowhere', KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-service-account-'));
    await writeFile(join(folder, 'token'), 'token');
    await writeFile(join(folder, 'namespace'), 'slipway-system');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('asks the API server that it is told of, as its service account', () => {
    expect(chooseContext({}, POD, folder)).toMatchObject({
      context: 'inClusterContext',
      namespace: 'slipway-system',
      cluster: { server: 'https://[fd00::1]:443', caFile: join(folder, 'ca.crt'), skipTLSVerify: false },
      user: { tokenFile: join(folder, 'token') },
    });
  });

  test('that has a kubeconfig asks whom that names', async () => {
    await writeFile(join(folder, 'config'), kubeconfigOf('mine'));
    expect(chooseContext({}, { ...POD, KUBECONFIG: join(folder, 'config') }, folder)).toMatchObject({
      context: 'mine',
    });
  });

  test('without a token asks nobody', async () => {
    await rm(join(folder, 'token'));
    expect(chooseContext({}, POD, folder)).toEqual({ kind: 'nothing there' });
  });
});

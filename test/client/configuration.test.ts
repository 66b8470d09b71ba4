import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfiguration, readServiceConfiguration, slipwayHome } from '../../client/configuration.ts';

const FILE = {
  temporalAddress: '127.16.0.2:7233',
  temporalNamespace: 'sandbox',
  kubeconfig: '/home/kubeconfig',
  context: 'management',
  proxy: 'http://127.0.0.1:8118',
};

describe('the configuration', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const write = (content: unknown): void =>
    writeFileSync(join(home, 'config.json'), typeof content === 'string' ? content : JSON.stringify(content));

  test('without anything is that of Temporal and kubectl', () => {
    expect(readConfiguration({ SLIPWAY_HOME: home })).toEqual({
      temporalAddress: '127.0.0.1:7233',
      temporalNamespace: 'default',
    });
  });

  test('is what the file says', () => {
    write(FILE);
    expect(readConfiguration({ SLIPWAY_HOME: home })).toEqual(FILE);
    expect(readServiceConfiguration({ SLIPWAY_HOME: home })).toEqual(FILE);
  });

  test('is what the environment says before what the file says; an empty variable says nothing', () => {
    write(FILE);
    expect(
      readConfiguration({
        SLIPWAY_HOME: home,
        TEMPORAL_ADDRESS: 'temporal:7233',
        TEMPORAL_NAMESPACE: '',
        SLIPWAY_KUBECONFIG: '/other',
        SLIPWAY_CLUSTER_PROXY: 'http://proxy:1',
      }),
    ).toEqual({
      temporalAddress: 'temporal:7233',
      temporalNamespace: 'sandbox',
      kubeconfig: '/other',
      proxy: 'http://proxy:1',
    });
  });

  test("takes KUBECONFIG for a service's, but not for a person's, who has kubectl look elsewhere", () => {
    write(FILE);
    const environment = { SLIPWAY_HOME: home, KUBECONFIG: '/mine' };
    expect(readConfiguration(environment)).toMatchObject({ kubeconfig: '/home/kubeconfig', context: 'management' });
    const service = readServiceConfiguration(environment);
    expect(service.kubeconfig).toBe('/mine');
    expect(service.context).toBeUndefined();
    expect(readConfiguration({ SLIPWAY_HOME: join(home, 'nowhere'), KUBECONFIG: '/mine' }).kubeconfig).toBe('/mine');
  });

  test.each([
    ['no JSON', '{', /config\.json is not valid JSON: mend or remove it/],
    ['no object', '3', /holds no JSON object/],
    ['an address that is no string', { temporalAddress: 7233 }, /has a temporalAddress that is no string/],
  ])('refuses a file with %s, and names it', (_what, content, message) => {
    write(content);
    expect(() => readConfiguration({ SLIPWAY_HOME: home })).toThrow(message);
  });

  test('has an absolute home, which kubectl can call us with from anywhere', () => {
    expect(slipwayHome({ SLIPWAY_HOME: 'relative' })).toBe(join(process.cwd(), 'relative'));
  });
});

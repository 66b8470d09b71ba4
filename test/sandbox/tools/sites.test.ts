import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { askAll, openSites, PATIENCE, siteSettings } from '../../../sandbox/tools/sites.ts';
import { startSites } from './sites-double.ts';

describe('settings', () => {
  test('take the makers\u2019 binaries unless told otherwise', () => {
    expect(siteSettings({})).toEqual({ downloads: 'auto' });
    expect(siteSettings({ SLIPWAY_DOWNLOADS: '' })).toEqual({ downloads: 'auto' });
    expect(siteSettings({ SLIPWAY_DOWNLOADS: 'off' })).toEqual({ downloads: 'off' });
  });

  test('take a mirror, with and without a slash at the end', () => {
    const mirror = 'https://mirror.example/tools';
    expect(siteSettings({ SLIPWAY_DOWNLOAD_MIRROR: `${mirror}/` })).toEqual({ downloads: 'auto', mirror });
  });

  test.each([
    { SLIPWAY_DOWNLOADS: 'no' },
    { SLIPWAY_DOWNLOAD_MIRROR: 'mirror.example' },
    { SLIPWAY_DOWNLOAD_MIRROR: 'ftp://mirror.example' },
  ])('that mean nothing are refused: %j', (environment) => {
    expect(() => siteSettings(environment)).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining(Object.values(environment)[0] ?? '') }),
    );
  });
});

const URL_OF_ALL = 'https://dl.k8s.io/release/stable.txt';

test('without a mirror a site is asked at its own address', () => {
  expect(openSites({ downloads: 'auto' }).placeOf(URL_OF_ALL)).toBe(URL_OF_ALL);
});

test('the proxy that the environment names is the way to the sites', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('v1.2.3');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const opened = openSites({ downloads: 'auto', mirror: 'http://mirror.invalid' }, PATIENCE, { HTTP_PROXY });
  try {
    expect((await askAll(opened, [URL_OF_ALL])).get(URL_OF_ALL)).toEqual({ kind: 'text', text: 'v1.2.3' });
    expect(asked).toEqual(['http://mirror.invalid/dl.k8s.io/release/stable.txt']);
  } finally {
    await opened.close();
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('a text that several files need is asked for once', async () => {
  const sites = await startSites();
  const opened = openSites({ downloads: 'auto', mirror: sites.mirror }, PATIENCE, {});
  try {
    sites.give(URL_OF_ALL, 'v1.2.3');
    await askAll(opened, [URL_OF_ALL, URL_OF_ALL]);
    expect(sites.asked).toEqual([URL_OF_ALL]);
  } finally {
    await opened.close();
    await sites.end();
  }
});

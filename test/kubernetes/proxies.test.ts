/** Which proxy an environment names, and the ways through proxies. */
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { proxyIn, tunnelThrough } from '../../kubernetes/proxies.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';

const HOST = '127.0.0.1';
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = (server: Server): Promise<void> => new Promise((resolve) => server.listen(0, HOST, resolve));

describe('The proxy that the environment names', () => {
  const PROXIES = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://plain:3128' };

  test('is that for the kind of server, in either spelling', () => {
    expect(proxyIn(PROXIES, 'https://api.example')).toBe('http://proxy:3128');
    expect(proxyIn(PROXIES, 'http://api.example')).toBe('http://plain:3128');
    expect(proxyIn({ https_proxy: 'socks5://proxy' }, 'https://api.example')).toBe('socks5://proxy');
    expect(proxyIn({ HTTPS_PROXY: 'proxy:3128' }, 'https://api.example')).toBe('http://proxy:3128');
    expect(proxyIn({ HTTP_PROXY: 'http://plain:3128' }, 'https://api.example')).toBeUndefined();
  });

  test.each(['https://127.0.0.1:6443', 'https://127.9.8.7', 'https://localhost', 'https://[::1]:6443'])(
    'is for nobody on this very computer, as %s',
    (server) => {
      expect(proxyIn(PROXIES, server)).toBeUndefined();
    },
  );

  test.each([
    ['*', 'https://api.example', true],
    ['api.example', 'https://api.example', true],
    ['example', 'https://api.example', true],
    ['ample', 'https://api.example', false],
    ['.example', 'https://api.example', true],
    ['*.example', 'https://api.example', true],
    ['.api.example', 'https://api.example', false],
    ['api.example:6443', 'https://api.example:6443', true],
    ['api.example:6443', 'https://api.example', false],
    ['other, 10.0.0.0/8', 'https://10.1.2.3:6443', true],
    ['10.0.0.0/8', 'https://11.1.2.3:6443', false],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['fd00::/8', 'https://[fd00::1]:6443', true],
    ['10.0.0.0/8', 'https://[fd00::1]:6443', false],
    ['kubernetes.default.svc', 'https://KUBERNETES.default.svc', true],
    [' , ', 'https://api.example', false],
  ])('with the exceptions "%s" is not for %s: %s', (exceptions, server, excepted) => {
    expect(proxyIn({ ...PROXIES, NO_PROXY: exceptions }, server) === undefined).toBe(excepted);
  });
});

/** A SOCKS server, version 5 without or with a password, that leads to one place. */
const socksTo = (port: number, asked: { host: string; user: string }[], password?: string): Server =>
  createServer((socket) => {
    const target = connect(port, HOST);
    let user = '';
    const take = (data: Buffer): void => {
      if (password !== undefined && data[0] === 1) {
        const length = data[1] ?? 0;
        user = data.subarray(2, 2 + length).toString();
        socket.write(Buffer.from([1, data.subarray(3 + length).toString() === password ? 0 : 1]));
        socket.once('data', take);
      } else if (data[0] === 5 && data[1] === 1 && data.length > 6) {
        asked.push({ host: data.subarray(5, 5 + (data[4] ?? 0)).toString(), user });
        socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        socket.pipe(target).pipe(socket);
      } else {
        socket.write(Buffer.from([5, password === undefined ? 0 : 2]));
        socket.once('data', take);
      }
    };
    socket.once('data', take);
    socket.on('error', () => target.destroy());
    target.on('error', () => socket.destroy());
  });

describe('A tunnel', () => {
  let echo: Server;
  let proxy: Server | undefined;
  const opened: Socket[] = [];
  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    await listening(echo);
  });
  afterEach(async () => {
    for (const socket of opened.splice(0)) socket.destroy();
    proxy?.close();
    proxy = undefined;
    await new Promise((resolve) => echo.close(resolve));
  });

  const heard = (socket: Socket): Promise<string> => {
    opened.push(socket);
    const answer = new Promise<string>((resolve) => socket.once('data', (data: Buffer) => resolve(data.toString())));
    socket.resume();
    socket.write('hello');
    return answer;
  };

  test('leads through an HTTP proxy', async () => {
    const through = await startConnectProxy({ 'api.example:6443': `${HOST}:${portOf(echo)}` });
    expect(await heard(await tunnelThrough(through.url, { host: 'api.example', port: 6443 }))).toBe('hello');
    opened.forEach((socket) => socket.destroy());
    await through.close();
  });

  test('tells an HTTP proxy who asks, and what that proxy answers to others', async () => {
    const seen: (string | undefined)[] = [];
    proxy = createHttpServer().on('connect', (request, socket) => {
      seen.push(request.headers['proxy-authorization']);
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await listening(proxy);
    const url = `http://me:secret%40@${HOST}:${portOf(proxy)}`;
    await expect(tunnelThrough(url, { host: '::1', port: 6443 })).rejects.toThrow(
      `Proxy ${HOST}:${portOf(proxy)} answered 407 to CONNECT [::1]:6443`,
    );
    expect(seen).toEqual([`Basic ${Buffer.from('me:secret@').toString('base64')}`]);
  });

  test.each([
    ['socks5://', undefined, ''],
    ['socks5h://me:secret@', 'secret', 'me'],
  ])('leads through a SOCKS proxy, which looks names up itself: %s', async (scheme, password, user) => {
    const asked: { host: string; user: string }[] = [];
    proxy = socksTo(portOf(echo), asked, password);
    await listening(proxy);
    const socket = await tunnelThrough(`${scheme}${HOST}:${portOf(proxy)}`, { host: 'api.example', port: 6443 });
    expect(await heard(socket)).toBe('hello');
    expect(asked).toEqual([{ host: 'api.example', user }]);
  });

  test('through anything else is refused', async () => {
    await expect(tunnelThrough('ftp://proxy', { host: 'api.example', port: 1 })).rejects.toThrow('of no known kind');
  });
});

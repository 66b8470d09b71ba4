/** An HTTP CONNECT proxy for tests: counts what passes, and knows names that nobody else knows. */
import { createServer } from 'node:http';
import { connect } from 'node:net';

export type ConnectProxy = {
  readonly url: string;
  /** Targets of CONNECT requests so far, in order. */
  readonly targets: readonly string[];
  readonly close: () => Promise<void>;
};

export const startConnectProxy = async (names: Readonly<Record<string, string>>): Promise<ConnectProxy> => {
  const targets: string[] = [];
  const server = createServer();
  server.on('connect', (request, socket, head) => {
    const asked = request.url ?? '';
    targets.push(asked);
    const [host = '', port = '443'] = (names[asked] ?? asked).split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    // What a client still says, such as that its TLS ends, has no reader; and unread its connection would never be over.
    upstream.on('close', () => socket.resume());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    targets,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

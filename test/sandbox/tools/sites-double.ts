/**
 * A server that plays the makers' sites, as a mirror does: a folder for each site's name.
 *
 * Owns: what it gives at which address, in which way it fails, and the record of who asked for what.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a site gives something. */
type Manner =
  /** As it should. */
  | { readonly kind: 'whole' }
  /** The connection breaks after so many bytes, the first `times` times. */
  | { readonly kind: 'breaks off'; readonly after: number; readonly times: number }
  /** Nothing more comes after so many bytes. */
  | { readonly kind: 'stalls'; readonly after: number }
  /** A few bytes come again and again. */
  | { readonly kind: 'trickles' }
  /** The question is taken, and never answered. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'status'; readonly status: number };

type Content = { readonly content: Buffer; readonly manner: Manner };

export type SitesDouble = {
  /** What to set SLIPWAY_DOWNLOAD_MIRROR to. */
  readonly mirror: string;
  /** What was asked for, as the makers' addresses. */
  readonly asked: readonly string[];
  /** The most questions that waited for the end of their answers at the same time. */
  readonly mostAtOnce: () => number;
  readonly give: (url: string, content: Buffer | string, manner?: Manner) => void;
  readonly end: () => Promise<void>;
};

export const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

const answer = (response: ServerResponse, { content, manner }: Content, before: number): void => {
  const head = () => response.writeHead(200, { 'content-length': content.byteLength });
  switch (manner.kind) {
    case 'whole':
      head().end(content);
      return;
    case 'breaks off':
      if (before >= manner.times) head().end(content);
      else head().write(content.subarray(0, manner.after), () => response.destroy());
      return;
    case 'stalls':
      head().write(content.subarray(0, manner.after));
      return;
    case 'trickles': {
      head();
      const timer = setInterval(() => response.write('.'), 20);
      response.once('close', () => clearInterval(timer));
      return;
    }
    case 'silent':
      return;
    case 'status':
      response.writeHead(manner.status).end();
      return;
  }
};

export const startSites = async (): Promise<SitesDouble> => {
  const contents = new Map<string, Content>();
  const asked: string[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer((request, response) => {
    const url = `https:/${request.url}`;
    const before = asked.filter((one) => one === url).length;
    asked.push(url);
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    response.once('close', () => {
      open -= 1;
    });
    const found = contents.get(url);
    if (found === undefined) response.writeHead(404).end('there is no such file');
    else answer(response, found, before);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    mostAtOnce: () => mostOpen,
    give: (url, content, manner = { kind: 'whole' }) => {
      contents.set(url, { content: Buffer.from(content), manner });
    },
    end: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

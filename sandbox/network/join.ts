/**
 * Join: two sockets become one stream of bytes in both directions.
 *
 * Owns: how an end or a failure of one side reaches the other: an orderly end passes on as an end, because a client may
 * say all it has to say and still wait for the answer; a failure destroys both.
 */
import type { Duplex } from 'node:stream';

/** Both sockets must allow half-open connections. */
export const join = (a: Duplex, b: Duplex): void => {
  const cut = (): void => {
    a.destroy();
    b.destroy();
  };
  for (const socket of [a, b]) {
    // A failure of a peer is nothing to report: the other peer sees its connection end.
    socket.on('error', cut);
    socket.on('close', cut);
  }
  a.pipe(b);
  b.pipe(a);
};

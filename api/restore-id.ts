/**
 * Restore id: how a restore that an annotation asks for is told from any other.
 *
 * Owns: the spelling. Neighbours: `words/restore.ts` spells the annotation; `policy/restore.ts` plans under this id, the command line waits
 * for it. Pure. Invariants: I5 (the same request has the same id, and acts once; another token makes another one).
 */
import { createHash } from 'node:crypto';

/**
 * `uid`: whose the disks are (`ownership.ts`), so that what adopts them has done what they say. `request`: the annotation's whole value. Eight hexadecimal digits: part of
 * the new etcd cluster's token.
 */
export const restoreIdOf = (uid: string, request: string): string =>
  createHash('sha256').update([uid, request].join('\0')).digest('hex').slice(0, 8);

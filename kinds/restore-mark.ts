/** That a restore is done, on the etcd volumes of all replicas: the same request never acts again. */
import type { Value } from '../words/references.ts';
import type { Nothing, Row } from './row.ts';

export type RestoreMarkProperties = { readonly id: string; readonly volumeIds: readonly Value[] };

export const restoreMark: Row<RestoreMarkProperties, undefined, Nothing> = {
  planned: 'never',
  neverSkipped: 'the same request would restore once more what has changed since',
};

/**
 * Kinds that are only waited for: there is nothing to make and nothing to remove.
 *
 * Owns: the part of a driver that such kinds share. Neighbours: `control-plane.ts` and `nodes.ts` add the look.
 */
import type { ResourceKind } from '../../kinds/resource.ts';
import type { ResourceDriver } from '../driver.ts';
import { bugError } from '../verdicts.ts';

export const onlyWaitedFor = <K extends ResourceKind>(kind: K): ResourceDriver<K> => ({
  kind,
  candidates: () => Promise.resolve([]),
  create: (wanted) => Promise.reject(bugError(`${wanted.key} can only be waited for.`)),
  update: (wanted) => Promise.reject(bugError(`${wanted.key} can only be waited for.`)),
  remove: () => Promise.resolve(),
});

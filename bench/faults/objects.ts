/**
 * Objects: what a life itself asks of the management API, asked again as a person would.
 *
 * Owns: making, changing and removing a case's objects. Neighbours: `life.ts` and `standing.ts` live cases: none of these is about
 * whether the API server has time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isAlreadyExists, KubernetesError } from '../../kubernetes/errors.ts';
import { nameOf } from '../../kubernetes/resources.ts';
import type { Cloud } from '../cloud.ts';
import type { Manifest, Stored } from '../manifests.ts';

const TRIES = 5;
/** What an API server says that is too busy, or that couldn't ask its webhook. */
const BUSY: readonly number[] = [429, 500, 503, 504];

const asked = async <T>(ask: (again: boolean) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(tries > 1);
    } catch (error) {
      if (tries === TRIES || !(error instanceof KubernetesError && BUSY.includes(error.status))) throw error;
      await delay(1_000);
    }
  }
};

/** It may be there by an earlier try whose answer was lost. */
export const create = ({ objects }: Cloud, manifest: Manifest): Promise<Stored> =>
  asked(async (again) => {
    try {
      return (await objects.create(manifest)) as Stored;
    } catch (error) {
      if (again && isAlreadyExists(error)) return (await objects.get(nameOf(manifest))) as Stored;
      throw error;
    }
  });

export const remove = ({ objects }: Cloud, object: Stored): Promise<unknown> =>
  asked(() => objects.remove(nameOf(object)));

export const change = ({ objects }: Cloud, object: Stored, patch: object): Promise<unknown> =>
  asked(() => objects.patch(nameOf(object), patch));

/**
 * Inside: one look at all add-ons of a user cluster.
 *
 * Owns: the time that it may take, and that whatever goes wrong is an answer of its own. Neighbours: `addon-objects.ts` reads,
 * `policy/inside.ts` says which clusters are asked, and for what. Invariants: I6 (reads only), I12 (what was not read to its end says
 * nothing about any add-on).
 */
import { leftOver } from '../../addons/differences.ts';
import { isApplied } from '../../addons/ownership.ts';
import { rendered } from '../../addons/rendered.ts';
import { type FoundOf, observed } from '../../kinds/resource.ts';
import type { KubernetesClient } from '../../kubernetes/client.ts';
import type { InsideRequest, WantedAddon } from '../../policy/inside.ts';
import type { Inside } from '../../policy/plan.ts';
import { addonKey } from '../../words/keys.ts';
import { verdictOf } from '../verdicts.ts';
import { type AddonSettings, addonObjects, addonOutputs, candidateOf, renderingOf } from './addon-objects.ts';
import type { UserClusters } from './user-cluster.ts';

/** Answers what was read, or why nothing was; fails only where whoever asks gave up. */
export type ReadInside = (request: InsideRequest, signal: AbortSignal) => Promise<Inside>;

const LOOK_MS = 3_000;

const foundIn = async (
  client: KubernetesClient,
  { endpoint, addons }: InsideRequest,
  settings: AddonSettings,
  signal: AbortSignal,
): Promise<readonly FoundOf<'addon'>[]> => {
  const all = await addonObjects(client, undefined, signal);
  const look = async (addon: string, wanted: WantedAddon | undefined): Promise<FoundOf<'addon'>[]> => {
    const objects = wanted === undefined ? undefined : rendered(renderingOf(wanted, settings));
    const labelled = all.get(addon) ?? [];
    const live = objects === undefined ? leftOver([], labelled) : labelled.filter(isApplied);
    if (live.length === 0) return [];
    const key = addonKey(addon);
    const outputs = await addonOutputs(client, { endpoint, objects: objects ?? [], signal });
    const { state } = candidateOf({ key, addon, outputs, live, ...(objects === undefined ? {} : { objects }) });
    return [observed('addon', key, outputs, state)];
  };
  const names = [...new Set([...all.keys(), ...addons.map(({ addon }) => addon)])].sort();
  const looks = names.map((name) =>
    look(
      name,
      addons.find(({ addon }) => addon === name),
    ),
  );
  return (await Promise.all(looks)).flat();
};

/** The way there is no part of any request: who gives up on the answer doesn't wait for it either. */
const abortOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });

export const readInside =
  (userClusters: UserClusters, settings: AddonSettings = {}, lookMs = LOOK_MS): ReadInside =>
  async (request, signal) => {
    const time = AbortSignal.timeout(lookMs);
    try {
      const client = await Promise.race([userClusters(request), abortOf(AbortSignal.any([signal, time]))]);
      return { found: await foundIn(client, request, settings, AbortSignal.any([signal, time])) };
    } catch (error) {
      if (signal.aborted) throw error;
      return {
        unread: time.aborted
          ? `https://${request.endpoint} did not list its add-ons within ${lookMs / 1_000} s`
          : verdictOf(error).message,
      };
    }
  };

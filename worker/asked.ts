/**
 * Wiring: the activities by which people ask what would be done before anything is.
 *
 * Owns: which of them there are; all look, and change nothing. Neighbours: `activities/` implement, `activities.ts` wires all others and hands
 * in what looks. Invariant: I6 (reads only).
 */
import type { Activities } from '../activities/contract.ts';
import { createPlanChange } from '../activities/plan-change.ts';
import { createPlanUpgrade } from '../activities/plan-upgrade.ts';
import { createPreviewRestore } from '../activities/preview-restore.ts';

type AskedSources = Parameters<typeof createPlanChange>[0] &
  Parameters<typeof createPlanUpgrade>[0] &
  Parameters<typeof createPreviewRestore>[0];

/** `signalOf`: of the activity that runs. */
export const askedOf = (
  sources: AskedSources,
  signalOf: () => AbortSignal,
): Pick<Activities, 'planChange' | 'planUpgrade' | 'previewRestore'> => {
  const planChange = createPlanChange(sources);
  const planUpgrade = createPlanUpgrade(sources);
  const previewRestore = createPreviewRestore(sources);
  return {
    planChange: (request) => planChange(request, signalOf()),
    planUpgrade: (request) => planUpgrade(request, signalOf()),
    previewRestore: (request) => previewRestore(request, signalOf()),
  };
};

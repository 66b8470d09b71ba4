/**
 * Emulation: which minor version of Kubernetes a control plane serves as, and below which it never goes again, as tags of the
 * replicas' etcd volumes.
 *
 * Owns: both tags' keys. Neighbours: workers write the tags, whose values are minors as `api/minor.ts` spells them; `machine/emulation.ts`
 * says what follows from them, and the agent does it. Pure.
 */

/** Newer binaries serve as this minor while an upgrade may still go back. Written by workers; whoever loses it lifts nothing. */
export const EMULATES_TAG = 'slipway.dev/emulates';
/** The minor that an upgrade was committed to: no API server of an older one starts any more. Written by workers, never lowered. */
export const COMMITTED_TAG = 'slipway.dev/committed';

/** What an upgrade says of itself on the volumes, by the tag that says it. */
export const UPGRADE_TAGS = { emulates: EMULATES_TAG, committed: COMMITTED_TAG } as const;
export type UpgradeMark = keyof typeof UPGRADE_TAGS;

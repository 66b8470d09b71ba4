/** Objects applied to the user cluster from `activities/kubernetes/addons/`. */
import type { Resolved, Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type AddonName = 'node-access' | 'coredns' | 'metrics-server' | 'storage-classes' | 'connect-agent';

export type AddonProperties = {
  readonly addon: AddonName;
  readonly endpoint: Value;
  readonly parameters: Readonly<Record<string, string>>;
};
/** Only if the user cluster was looked at; otherwise what status says of the object's state decides. */
export type AddonState = { readonly fingerprint?: string };

export const addon: Row<AddonProperties, AddonState, Resolved<AddonProperties>> = { planned: 'once' };

/** One add-on: objects in the user cluster that `addons/` renders. */
import { nameInKey } from '../words/keys.ts';
import type { Resolved, Value } from '../words/references.ts';
import type { Row } from './row.ts';

export type AddonProperties = {
  /** Its name; one that a release has no more is still called by it. */
  readonly addon: string;
  readonly endpoint: Value;
  readonly parameters: Readonly<Record<string, string>>;
  /** Which rendering of it; 1 where it is absent. */
  readonly rendering?: number;
};
/** What a removal has of an add-on; whoever makes it knows the rest, too. */
export type AddonIdentity = Pick<Resolved<AddonProperties>, 'addon' | 'endpoint'> &
  Partial<Pick<AddonProperties, 'parameters' | 'rendering'>>;
/** What is not as it was rendered, each as a person would say it: whoever reads the objects compares them at once. */
export type AddonState = { readonly differs: readonly string[] };

export const addon: Row<AddonProperties, AddonState, AddonIdentity, 'objects'> = {
  planned: 'as seen inside',
  differences: (_wanted, { differs }) => differs.map((says) => ({ what: 'objects', says })),
  removal: {
    after: [],
    identity: ({ key, outputs }) => ({ addon: nameInKey(key), endpoint: outputs['endpoint'] ?? '' }),
  },
};

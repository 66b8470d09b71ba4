/**
 * Preflight's look at GKE Hub: whether the membership that a new cluster is to take is free.
 *
 * Owns: the refusal of one that another cluster has, before anything is made in AWS. So is an object that was restored from a backup
 * refused while the cluster that it stood for is there: it has another uid now, and with that another cluster id, and would have a
 * second cluster beside the first. Neighbours: `activities/hub/membership.ts` asks; its step refuses once more what changed since.
 */
import type { Wanted } from '../driver.ts';
import { courtesy, type OnUnread } from './courtesy.ts';
import type { Tell } from './preflight-room.ts';

/** Whose a membership is, as a person would say it, where it is neither free nor the cluster's own. */
export type OtherOwner = (
  cluster: { readonly uid: string; readonly membershipName: string },
  signal: AbortSignal,
) => Promise<{ readonly label: string; readonly bySlipway: boolean } | undefined>;

export type HubLook = { readonly otherOwner: OtherOwner; readonly onUnread: OnUnread };

export const membershipTroubles = async (
  { otherOwner, onUnread, tell }: HubLook & { readonly tell: Tell },
  { properties, owner, signal }: Pick<Wanted<'preflight'>, 'properties' | 'owner' | 'signal'>,
): Promise<readonly string[]> => {
  const { membershipName: name } = properties;
  if (name === undefined) return [];
  const ask = () => otherOwner({ uid: owner.uid, membershipName: name }, signal);
  const other = await courtesy(`membership ${name}`, ask, { onUnread, signal });
  if (other === undefined) return [];
  const restored = other.bySlipway
    ? '. If this object was restored from a backup, that is the cluster that it stood for: with another uid it takes that one over only where its annotation slipway.dev/adopt names it'
    : '';
  const what = `membership ${name} belongs to ${other.label}${restored}`;
  return [tell('membership', name, what, 'unregister that one first')];
};

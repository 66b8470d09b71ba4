/**
 * Hub membership: the cluster as GKE Hub knows it.
 *
 * Owns: making, finding and removing it by its name, and whose it is, which labels say. Neighbours: `client.ts` speaks
 * HTTP; the Connect agent (`addons/connect-agent.ts`) opens the connection that the membership stands for.
 * Invariants: I2 (the name is the identity: a second create finds the first), I4 (only one with our uid is taken or removed).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Found } from '../../kinds/resource.ts';
import { observed } from '../../kinds/resource.ts';
import { hubMembershipKey } from '../../words/keys.ts';
import type { Candidate, ResourceDriver, Sought } from '../driver.ts';
import { notYet } from '../verdicts.ts';
import { type HubClient, type Membership, type Operation, splitMembershipName } from './client.ts';
import { isMembershipAbsent, operationFailed } from './errors.ts';

/** Labels of Google Cloud allow neither dots nor slashes nor capitals. */
const CLUSTER_LABEL = 'slipway-cluster';
const UID_LABEL = 'slipway-uid';

const labelValue = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .slice(0, 63);

/** An operation is followed for so long in one attempt; a longer one is found as it is by the next. */
const FOLLOW_MS = 15_000;
const POLL_MS = { first: 100, most: 2_000 };

const find = async (hub: HubClient, name: string, signal?: AbortSignal): Promise<Membership | null> => {
  try {
    return await hub.get(name, signal);
  } catch (error) {
    if (isMembershipAbsent(error)) return null;
    throw error;
  }
};

const follow = async (hub: HubClient, about: string, started: Operation): Promise<void> => {
  const deadline = Date.now() + FOLLOW_MS;
  let operation = started;
  for (let pause = POLL_MS.first; operation.done !== true; pause = Math.min(pause * 2, POLL_MS.most)) {
    if (Date.now() >= deadline) throw notYet(`Waiting for GKE Hub to ${about}`, POLL_MS.most);
    await delay(pause);
    operation = await hub.operation(operation.name);
  }
  if (operation.error !== undefined) throw operationFailed(about, operation.error);
};

const isOurs = (wanted: Sought<'hub-membership'>, membership: Membership): boolean =>
  membership.labels?.[UID_LABEL] === labelValue(wanted.owner.uid);

const ownerOf = (membership: Membership): string => {
  const cluster = membership.labels?.[CLUSTER_LABEL];
  const uid = membership.labels?.[UID_LABEL];
  return uid === undefined ? 'a cluster that Slipway does not own' : `cluster ${cluster ?? '?'} (uid ${uid})`;
};

const candidateOf = (wanted: Sought<'hub-membership'>, membership: Membership): Candidate<'hub-membership'> => ({
  key: wanted.key,
  outputs: { name: wanted.properties.name },
  state: {},
  label: `membership ${wanted.properties.name}`,
  belongsTo: isOurs(wanted, membership) ? 'ours' : { other: ownerOf(membership) },
});

const settledState = (code: string | undefined): boolean => code !== 'CREATING' && code !== 'DELETING';

export const hubMembershipDriver = (hub: HubClient): ResourceDriver<'hub-membership'> => ({
  kind: 'hub-membership',

  candidates: async (wanted) => {
    const membership = await find(hub, wanted.properties.name, wanted.signal);
    return membership === null ? [] : [candidateOf(wanted, membership)];
  },

  create: async (wanted) => {
    const { name } = wanted.properties;
    const started = await hub.create(name, {
      description: wanted.owner.clusterId,
      labels: { [CLUSTER_LABEL]: labelValue(wanted.owner.clusterId), [UID_LABEL]: labelValue(wanted.owner.uid) },
    });
    await follow(hub, `create ${name}`, started);
    return { outputs: { name } };
  },

  update: async (wanted, found) => {
    const { name } = wanted.properties;
    const membership = await find(hub, name, wanted.signal);
    const code = membership?.state?.code;
    if (membership === null || !settledState(code)) {
      throw notYet(`Waiting for GKE Hub: membership ${name} is ${code ?? 'gone'}`, POLL_MS.most);
    }
    return { outputs: found.outputs };
  },

  remove: async (wanted) => {
    const { name } = wanted.properties;
    const membership = await find(hub, name);
    if (membership === null || !isOurs(wanted, membership) || membership.state?.code === 'DELETING') return;
    await follow(hub, `delete ${name}`, await hub.remove(name));
  },

  remains: async (wanted) => {
    const { name } = wanted.properties;
    const membership = await find(hub, name, wanted.signal);
    return membership !== null && isOurs(wanted, membership)
      ? `Waiting for GKE Hub to delete ${name}: it is ${membership.state?.code ?? 'still there'}`
      : undefined;
  },
});

/** Whose a membership is, as a person would say it, where it isn't the cluster's own; undefined where it is, or there is none. */
export const otherOwner = async (
  hub: HubClient,
  cluster: { readonly uid: string; readonly membershipName: string },
  signal: AbortSignal,
): Promise<{ readonly label: string; readonly bySlipway: boolean } | undefined> => {
  const membership = await find(hub, cluster.membershipName, signal);
  const uid = membership?.labels?.[UID_LABEL];
  return membership === null || uid === labelValue(cluster.uid)
    ? undefined
    : { label: ownerOf(membership), bySlipway: uid !== undefined };
};

/** The membership as an inventory has it: only one that is this cluster's own. */
export const observeMembership = async (
  hub: HubClient,
  cluster: { readonly uid: string; readonly membershipName: string },
  signal?: AbortSignal,
): Promise<readonly Found[]> => {
  const { uid, membershipName } = cluster;
  const membership = await find(hub, membershipName, signal);
  if (membership === null || membership.labels?.[UID_LABEL] !== labelValue(uid)) return [];
  const key = hubMembershipKey(splitMembershipName(membershipName).id);
  return [observed('hub-membership', key, { name: membershipName }, {}, { uid })];
};

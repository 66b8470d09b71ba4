/**
 * Preflight's look at room: whether the account has as much left as an object takes.
 *
 * Owns: the comparison of quotas and free addresses with an object's demand, less what the object has already. Neighbours:
 * `room.ts` looks; `preflight.ts` judges what is there or not. What is not enough in memory is looked at afresh before
 * anything is said, so that a quota that was raised counts at once.
 */
import { controlPlaneName, UID_TAG } from '../../api/names.ts';
import type { NamedValue } from '../../kinds/preflight.ts';
import type { Wanted } from '../driver.ts';
import type { AwsFacts, Subnet } from './facts.ts';
import type { AwsRoom, Machine, Usage } from './room.ts';

/** One wrong fact as people read it: `spec.keyName: key pair a does not exist; create it, or set another`. */
export type Tell = (about: NamedValue['about'], value: string, what: string, cure: string) => string;

type Room = { readonly facts: AwsFacts; readonly room: AwsRoom; readonly tell: Tell };

const isEnough = (usage: Usage | undefined, more: number): boolean =>
  usage === undefined || usage.used + more <= usage.limit;

const raise = ({ name, code }: Usage): string => `ask AWS to raise the quota "${name}" (${code}), or free some of it`;

/** From memory if that suffices, else looked at anew. */
const usageFor = async <U extends Usage>(
  ask: (fresh: boolean) => Promise<U | undefined>,
  moreOf: (usage: U | undefined) => Promise<number> | number,
): Promise<{ readonly usage: U; readonly more: number } | undefined> => {
  for (const fresh of [false, true]) {
    const usage = await ask(fresh);
    const more = await moreOf(usage);
    if (usage === undefined || isEnough(usage, more)) return undefined;
    if (fresh) return { usage, more };
  }
  return undefined;
};

const ownMachines = (all: readonly Machine[], { owner }: Wanted<'preflight'>): readonly Machine[] =>
  all.filter(({ tags }) => tags[UID_TAG] === owner.uid);

const cpuTroubles = async ({ facts, room, tell }: Room, wanted: Wanted<'preflight'>): Promise<string[]> => {
  const { properties, signal } = wanted;
  const { instanceType: type, demand } = properties;
  const machines = demand.reduce((sum, one) => sum + one.machines, 0);
  if (machines === 0) return [];
  // Asked side by side, since preflight stands before everything that takes time; what is compared comes from memory then.
  const [[known]] = await Promise.all([facts.instanceTypes([type], signal), room.cpus(type, { signal })]);
  // A type that AWS doesn't know is said to be not offered.
  if (known === undefined) return [];
  const short = await usageFor(
    (fresh) => room.cpus(type, { signal, fresh }),
    async () => {
      const own = ownMachines(await room.machines({ signal }), wanted);
      return Math.max(0, machines - own.length) * known.cpus;
    },
  );
  if (short === undefined) return [];
  const { usage, more } = short;
  const left = `${more} more virtual CPUs are needed, and ${usage.used} of ${usage.limit} are in use`;
  return [tell('instanceType', type, `${machines} machines of type ${type}: ${left}`, raise(usage))];
};

const balancerTroubles = async ({ room }: Room, wanted: Wanted<'preflight'>): Promise<string[]> => {
  const { properties, owner, signal } = wanted;
  if (properties.loadBalancer !== true) return [];
  const name = controlPlaneName(owner.clusterId);
  const short = await usageFor(
    (fresh) => room.loadBalancers({ signal, fresh }),
    (usage) => (usage?.names.includes(name) === true ? 0 : 1),
  );
  if (short === undefined) return [];
  const { used, limit } = short.usage;
  return [`a cluster needs a network load balancer, and ${used} of ${limit} are in use; ${raise(short.usage)}`];
};

const groupTroubles = async ({ room }: Room, { properties, owner, signal }: Wanted<'preflight'>): Promise<string[]> => {
  const { securityGroups: needed = 0 } = properties;
  if (needed === 0) return [];
  const short = await usageFor(
    (fresh) => room.securityGroups({ signal, fresh }),
    (usage) => Math.max(0, needed - (usage?.owners ?? []).filter((id) => id === owner.clusterId).length),
  );
  if (short === undefined) return [];
  const { used, limit } = short.usage;
  return [
    `a cluster needs ${short.more} more security groups, and ${used} of ${limit} are in use; ${raise(short.usage)}`,
  ];
};

const addressTroubles = async (context: Room, wanted: Wanted<'preflight'>): Promise<string[]> => {
  const { facts, room, tell } = context;
  const { properties, owner, signal } = wanted;
  const { demand } = properties;
  const demanded = (id: string): number => demand.find((one) => one.subnetId === id)?.addresses ?? 0;
  const enough = (subnet: Subnet): boolean => subnet.freeAddresses >= demanded(subnet.id);
  const subnets = await facts.subnets(
    demand.map((one) => one.subnetId),
    signal,
    enough,
  );
  const troubles = await Promise.all(
    subnets
      .filter((subnet) => !enough(subnet))
      .map(async ({ id, freeAddresses }) => {
        const machines = ownMachines(await room.machines({ signal, fresh: true }), wanted);
        const balancer = properties.loadBalancer === true ? { loadBalancer: controlPlaneName(owner.clusterId) } : {};
        const own = await room.ownAddresses(id, { ...owner, machines, ...balancer }, signal);
        const more = demanded(id) - own;
        if (freeAddresses >= more) return [];
        const what = `subnet ${id} has ${freeAddresses} free addresses, and ${more} more are needed`;
        return [tell('subnet', id, what, 'free some')];
      }),
  );
  return troubles.flat();
};

/** Asks what will be asked, so that the answers are in memory by then. */
export const foreseeRoom = async (
  { facts, room }: Pick<Room, 'facts' | 'room'>,
  { instanceType, loadBalancer, securityGroups = 0, demand }: Wanted<'preflight'>['properties'],
  signal: AbortSignal,
): Promise<void> => {
  await Promise.all([
    demand.length === 0 ? [] : facts.instanceTypes([instanceType], signal),
    demand.length === 0 ? [] : room.cpus(instanceType, { signal }),
    loadBalancer === true ? room.loadBalancers({ signal }) : [],
    securityGroups > 0 ? room.securityGroups({ signal }) : [],
  ]);
};

/** What the account lacks room for, each with its cure. */
export const roomTroubles = async (context: Room, wanted: Wanted<'preflight'>): Promise<readonly string[]> =>
  (
    await Promise.all([
      cpuTroubles(context, wanted),
      balancerTroubles(context, wanted),
      groupTroubles(context, wanted),
      addressTroubles(context, wanted),
    ])
  ).flat();

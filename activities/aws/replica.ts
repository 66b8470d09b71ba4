/**
 * Replica: the machine of one replica of the control plane, replaced and waited for.
 *
 * Owns: two kinds. `instance` ends one named machine, and only while every other replica serves *at that moment*: what the
 * plan saw may be minutes old (I5). `replica` waits until another machine serves in its place; an API server serves only
 * once its etcd member votes, so that this is also the end of a join. One of another kind than before has to serve in several looks.
 * Neighbours: `auto-scaling-group.ts` owns the group, which puts another machine in its place; `target-group.ts` says what
 * a healthy target is. Invariants: I4 (the machine must be this replica's own, by its tags), I9.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type AutoScalingGroup, TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import type { Instance } from '@aws-sdk/client-ec2';
import type { GroupInstance } from '../../kinds/auto-scaling-group.ts';
import type { Thing } from '../../kinds/resource.ts';
import type { TargetHealth } from '../../kinds/targets.ts';
import { endMachineCommand } from '../../words/commands.ts';
import { type ResourceKey, sameOf } from '../../words/keys.ts';
import { ended } from '../../words/text.ts';
import type { Readiness, ResourceDriver, Sought } from '../driver.ts';
import { blockedError, isAbsent, supersededError } from '../verdicts.ts';
import { groupInstances, listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';
import { launchTrouble } from './launches.ts';
import { instanceLabel, isEnding, livingInstances } from './machines.ts';
import { healthOf, refuseUnlessOthersServe, sayHealth } from './others-serving.ts';
import { belongsTo, filter, tagRecord } from './tags.ts';
import { targetHealth } from './targets.ts';

/** As often as the load balancer asks the targets. */
const AGAIN_MS = 5_000;
/** From one look of a row to the next: all of them are one try of the wait. */
const BETWEEN_LOOKS_MS = 4_000;

const foundInstance = (key: ResourceKey, instance: Instance): Thing<'instance'> => ({
  key,
  outputs: { id: instance.InstanceId ?? '' },
  state: undefined,
});

/** Throws unless the machine may be ended now. */
const mayEnd = (sought: Sought<'instance'>, health: readonly TargetHealth[]): void => {
  const { instanceId, address, others, onlyUnhealthy } = sought.properties;
  if (onlyUnhealthy && healthOf(health, address).state === 'healthy') {
    throw supersededError(`Instance ${instanceId} serves again: there is nothing to repair.`);
  }
  refuseUnlessOthersServe(
    health,
    others,
    (down) => `Instance ${instanceId} stays until both other replicas serve, or etcd would lose its quorum: ${down}.`,
  );
};

export const instanceDriver = ({ ec2, autoScaling, elbv2, region }: AwsClients): ResourceDriver<'instance'> => {
  const living = (sought: Sought<'instance'>): Promise<Instance[]> =>
    livingInstances(ec2, filter('instance-id', sought.properties.instanceId), sought.signal);

  return {
    kind: 'instance',

    async candidates(wanted) {
      return (await living(wanted)).map((instance) => ({
        ...foundInstance(wanted.key, instance),
        label: instanceLabel(instance),
        // Its machines carry the tags of their group.
        belongsTo: belongsTo(tagRecord(instance.Tags), wanted, sameOf('auto-scaling-group', wanted.key)),
      }));
    },

    create: (wanted) => Promise.reject(new Error(`${wanted.key} is made by its auto scaling group only.`)),
    update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),

    async remove(wanted) {
      const { instanceId: id, targetGroupArn } = wanted.properties;
      const [instance] = await living(wanted);
      if (isEnding(instance)) return;
      mayEnd(wanted, await targetHealth(elbv2, targetGroupArn, wanted.signal));
      try {
        await autoScaling.send(
          new TerminateInstanceInAutoScalingGroupCommand({ InstanceId: id, ShouldDecrementDesiredCapacity: false }),
        );
      } catch (error) {
        if (!isAbsent(error)) throw error;
        // No group has it: it ended since it was looked at, by this very call if an answer was lost and the SDK asked twice.
        const [left] = await living(wanted);
        if (isEnding(left)) return;
        throw blockedError(
          `Instance ${id} is in no auto scaling group any more, and keeps the volume and the address that the machine in its ` +
            `place needs: end it with \`${endMachineCommand(region, id)}\`.`,
          error,
        );
      }
    },

    async remains(wanted) {
      const [instance] = await living(wanted);
      return instance === undefined ? undefined : `Waiting for ${instanceLabel(instance)} to end.`;
    },
  };
};

/** A replica's group, and those of its machines that may come to serve. */
type Launching = {
  readonly groupName: string;
  readonly group: AutoScalingGroup | undefined;
  readonly instances: readonly GroupInstance[];
};

/** Why a group has no machine in service: one is starting, and how the last launch ended where it failed. */
const whyNone = async (
  clients: AwsClients,
  { groupName, group, instances: [starting] }: Launching,
  signal: AbortSignal,
): Promise<string> => {
  if (group === undefined) return `auto scaling group ${groupName} does not exist`;
  const trouble = await launchTrouble(clients, group, signal);
  if (starting !== undefined) {
    return `instance ${starting.id} is starting${trouble === undefined ? '' : `, after one that failed: ${trouble}`}`;
  }
  return trouble === undefined
    ? `auto scaling group ${groupName} has no machine yet`
    : `its group could not launch a machine: ${trouble}`;
};

export const replicaDriver = (clients: AwsClients, betweenLooks = BETWEEN_LOOKS_MS): ResourceDriver<'replica'> => ({
  kind: 'replica',
  candidates: () => Promise.resolve([]),
  create: () => Promise.resolve({ outputs: {}, change: 'unchanged' }),
  update: (_wanted, found) => Promise.resolve({ outputs: found.outputs }),
  remove: () => Promise.resolve(),

  async check(wanted): Promise<Readiness> {
    const { groupName, targetGroupArn, address, former, looks = 1 } = wanted.properties;
    const { autoScaling, elbv2 } = clients;
    const awaited = (why: string): Readiness => ({
      ready: false,
      awaited: `Waiting for ${wanted.key} to serve: ${ended(why)}`,
      againInMs: AGAIN_MS,
    });
    const [group] = await listGroups(autoScaling, { AutoScalingGroupNames: [groupName] }, wanted.signal);
    const instances = group === undefined ? [] : groupInstances(group).filter(({ id }) => id !== former);
    const instance = instances.find(({ inService }) => inService);
    if (instance === undefined) return awaited(await whyNone(clients, { groupName, group, instances }, wanted.signal));
    for (let looked = 1; ; looked += 1) {
      const health = healthOf(await targetHealth(elbv2, targetGroupArn, wanted.signal), address);
      if (health.state !== 'healthy') return awaited(`instance ${instance.id} is in service, ${sayHealth(health)}`);
      if (looked >= looks) return { ready: true, outputs: { instanceId: instance.id } };
      await pause(betweenLooks, undefined, { signal: wanted.signal });
    }
  },
});

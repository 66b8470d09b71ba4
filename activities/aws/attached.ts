/**
 * Attached: what the machines of replicas in trouble are told to attach, and who has it instead.
 *
 * Owns: when that is read at all (a few calls for each replica of an established cluster that does not serve or lacks
 * something, none for a healthy one), and the proof by its own id that a lost disk or interface is gone.
 * Neighbours: `inventory.ts` adds it to what it observed; `policy/replicas.ts` judges by it. Invariant: I12.
 */
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Attached, Holder } from '../../kinds/launch-template.ts';
import type { Found } from '../../kinds/resource.ts';
import { type Replica, replicasOf, templateOfReplica } from '../../policy/replicas.ts';
import { ESTABLISHED } from '../../words/keys.ts';
import { present } from '../../words/present.ts';
import type { AwsClients } from './clients.ts';
import { attachedBy } from './launch-template-marks.ts';
import { livingInstances } from './machines.ts';
import { networkInterfaceExists } from './network-interface.ts';
import { filter } from './tags.ts';
import { volumeExists } from './volumes.ts';

const needsLook = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'unhealthy' || volume !== 'present' || networkInterface !== 'present';

const attachedOf = async (
  { ec2 }: Pick<AwsClients, 'ec2'>,
  { outputs }: Found,
  replica: Replica,
  signal: AbortSignal,
): Promise<Attached | undefined> => {
  const { groupVersion, instanceTemplate } = replica;
  const { id = '', version = '' } = outputs;
  // A machine of a template that was lost and made again was told by what is no more.
  const isOfAnother = instanceTemplate !== undefined && instanceTemplate.id !== id;
  const machineVersion = isOfAnother ? undefined : instanceTemplate?.version;
  const attached = await attachedBy(ec2, { id, version: groupVersion ?? version, machineVersion }, signal);
  if (attached === undefined) return undefined;
  const machineOutdated = isOfAnother || attached.machineOutdated;
  const [volume, networkInterface, holder] = await Promise.all([
    volumeExists(ec2, attached.volumeId, signal),
    networkInterfaceExists(ec2, attached.networkInterfaceId, signal),
    holderOf(ec2, replica, signal),
  ]);
  const exist = { volumeExists: volume, networkInterfaceExists: networkInterface };
  return { ...attached, machineOutdated, ...exist, ...present({ holder }) };
};

/** These have let go, or let go when they are asked: the agent takes what a stopped machine has. */
const LETS_GO: readonly string[] = ['stopped', 'terminated'];

/** The machine in whose place the replica's own stands, while it still has something of the replica's. */
const holderOf = async (ec2: EC2Client, { heldBy }: Replica, signal: AbortSignal): Promise<Holder | undefined> => {
  const [held] = heldBy;
  if (held === undefined) return undefined;
  const [instance] = await livingInstances(ec2, filter('instance-id', held.instanceId), signal);
  const state = instance?.State?.Name;
  return state === undefined || LETS_GO.includes(state) ? undefined : { ...held, state };
};

/** The same inventory, with what the machines of replicas in trouble are told. */
export const withAttached = async (
  clients: Pick<AwsClients, 'ec2'>,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<readonly Found[]> => {
  if (!found.some(({ key }) => key === ESTABLISHED)) return found;
  const troubled = new Map(
    replicasOf(found)
      .filter(needsLook)
      .map((replica) => [templateOfReplica(found, replica.index)?.key, replica]),
  );
  return Promise.all(
    found.map(async (one) => {
      const replica = troubled.get(one.key);
      if (replica === undefined || one.kind !== 'launch-template') return one;
      const attaches = await attachedOf(clients, one, replica, signal);
      return attaches === undefined ? one : { ...one, state: { ...one.state, attaches } };
    }),
  );
};

/**
 * Attached: what the machines of replicas in trouble are told to attach.
 *
 * Owns: when that is read at all (a call or two for each replica of an established cluster that does not serve or lacks
 * something, none for a healthy one), and the proof by its own id that a lost disk is gone.
 * Neighbours: `inventory.ts` adds it to what it observed; `policy/replicas.ts` judges by it. Invariant: I12.
 */
import type { Attached } from '../../kinds/launch-template.ts';
import type { Found } from '../../kinds/resource.ts';
import { type Replica, replicasOf, templateOfReplica } from '../../policy/replicas.ts';
import { ESTABLISHED } from '../../words/keys.ts';
import type { AwsClients } from './clients.ts';
import { attachedBy } from './launch-template-marks.ts';
import { volumeExists } from './volumes.ts';

const needsLook = ({ health, volume, networkInterface }: Replica): boolean =>
  health === 'unhealthy' || volume !== 'present' || networkInterface !== 'present';

const attachedOf = async (
  { ec2 }: Pick<AwsClients, 'ec2'>,
  { outputs }: Found,
  { groupVersion, instanceTemplate }: Replica,
  signal: AbortSignal,
): Promise<Attached | undefined> => {
  const { id = '', version = '' } = outputs;
  // A machine of a template that was lost and made again was told by what is no more.
  const isOfAnother = instanceTemplate !== undefined && instanceTemplate.id !== id;
  const machineVersion = isOfAnother ? undefined : instanceTemplate?.version;
  const attached = await attachedBy(ec2, { id, version: groupVersion ?? version, machineVersion }, signal);
  if (attached === undefined) return undefined;
  const machineOutdated = isOfAnother || attached.machineOutdated;
  return { ...attached, machineOutdated, volumeExists: await volumeExists(ec2, attached.volumeId, signal) };
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

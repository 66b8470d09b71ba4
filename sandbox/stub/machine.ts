/**
 * Machine: an instance of the account as an object of this process.
 *
 * Owns: its life from power on to off. Neighbours: `clients.ts` has the AWS clients of its role; `replica.ts` and `node.ts` tell what it
 * does in between; `host.ts` decides when it lives. User data comes from the account's view and is opened by KMS, as the
 * agent opens it; credentials are the role's, so that calls are recorded as a machine's. Limit: no metadata service.
 */
import type { Log } from '../../agent/log.ts';
import { parseUserData, unseal } from '../../agent/user-data.ts';
import type { Instance } from '../../machine/node.ts';
import { messageOf } from '../../words/failure.ts';
import type { InstanceView } from '../instances/account.ts';
import { privateDnsName } from '../instances/metadata.ts';
import { ACCOUNT, folders, REGION, type SandboxLayout } from '../layout.ts';
import type { RoleClients } from './clients.ts';
import type { Clusters } from './clusters.ts';
import type { Faults } from './faults.ts';
import { runNode } from './node.ts';
import { createPulse, type Pulse } from './pulse.ts';
import { type Orders, runReplica } from './replica.ts';

export type Machine = {
  readonly id: string;
  /** Lets it hang, and go on. */
  readonly pulse: Pulse;
  /** Resolves when nothing of it is left. */
  readonly stop: () => Promise<void>;
};

const roleOf = (view: InstanceView): string => {
  const profile = view.iamInstanceProfile;
  if (profile === undefined || profile === null) throw new Error('it has no instance profile, hence no role');
  return profile.roleArn ?? `arn:aws:iam::${ACCOUNT}:role/${profile.name}`;
};

export type Surroundings = {
  readonly layout: SandboxLayout;
  readonly clients: RoleClients;
  readonly clusters: Clusters;
  readonly faults: Faults;
  readonly orders: Orders;
  readonly log: Log;
};

type Living = { readonly pulse: Pulse; readonly signal: AbortSignal };

const live = async (view: InstanceView, around: Surroundings, { pulse, signal }: Living): Promise<void> => {
  if (view.userData === null || view.privateIp === null) throw new Error('it has no user data or no address');
  const userData = parseUserData(Buffer.from(view.userData, 'base64').toString('utf8'));
  const log = around.log.with({ instance: view.id, cluster: userData.configuration.clusterId });
  const { ec2, kms, s3 } = await around.clients(roleOf(view));
  const opened = await unseal(userData, kms, log, signal);
  const instance: Instance = {
    id: view.id,
    type: view.instanceType,
    region: REGION,
    zone: view.az,
    address: view.privateIp,
    hostname: privateDnsName(view.privateIp),
  };
  const { clusters, faults, orders, layout } = around;
  switch (opened.role) {
    case 'replica': {
      const { instances, volumes } = folders(layout.home);
      const folder = `${instances}/${view.id}`;
      const machine = { ...opened, instance, ec2, s3, clusters, faults, pulse, orders, volumes, folder, log };
      return runReplica(machine, signal);
    }
    case 'node':
      return runNode({ ...opened, instance, clusters, faults, pulse, log }, signal);
  }
};

/** Boots it. `onFailure` hears of a machine that ended by itself: one that could not boot. */
export const startMachine = (view: InstanceView, around: Surroundings, onFailure: (why: string) => void): Machine => {
  const stopping = new AbortController();
  const pulse = createPulse();
  const life = live(view, around, { pulse, signal: stopping.signal }).catch((error: unknown) => {
    if (!stopping.signal.aborted) onFailure(messageOf(error));
  });
  return {
    id: view.id,
    pulse,
    stop: () => {
      stopping.abort(new Error('the machine is switched off'));
      return life;
    },
  };
};

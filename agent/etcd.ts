/**
 * etcd membership: asks healthy peers for the member list, and carries out a join.
 *
 * Owns: etcd's JSON gateway over mutual TLS, and the loop of `machine/membership.ts`'s steps.
 * Neighbours: `machine/empty-disk.ts` decided that this replica joins; `replica.ts` starts etcd with the answer.
 * Invariant: I5 (a member is removed only if it is this replica's own and lost its disk; etcd itself refuses a removal
 * that would cost quorum).
 */

import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { secureAgent } from '../kubernetes/connections.ts';
import { send } from '../kubernetes/http.ts';
import type { ReplicaConfiguration } from '../machine/configuration.ts';
import { clientUrlOf, type Member, nextJoinStep, peerUrlOf } from '../machine/membership.ts';
import { wholeMessageOf } from '../words/failure.ts';
import type { Log } from './log.ts';
import { again, done, persist } from './persist.ts';

const TIMEOUT_MILLIS = 4_000;
const CONNECTIONS = 4;
const PACE = { firstMillis: 300, maxMillis: 5_000 };

type Peer = { readonly address: string; call(path: string, body: unknown): Promise<unknown> };

/** Everything that a member list or change needs: the other replicas, and a certificate that they accept. */
export type EtcdPeers = {
  /** Asks one peer after the other until one answers. */
  members(): Promise<{ readonly peer: Peer; readonly members: readonly Member[] }>;
};

type GatewayMember = {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly isLearner?: boolean;
};

/** Connections that every member takes, by the agent's certificate of the moment. */
export const etcdClient = async (certificates: string): Promise<Agent> => {
  const [authority, certificate, key] = await Promise.all(
    ['etcd-ca.crt', 'agent-etcd-client.crt', 'agent-etcd-client.key'].map((name) =>
      readFile(`${certificates}/${name}`, 'utf8'),
    ),
  );
  if (authority === undefined || certificate === undefined || key === undefined) {
    throw new Error(`Folder ${certificates} lacks the agent's etcd certificate.`);
  }
  return secureAgent({ ca: authority, cert: certificate, key }, CONNECTIONS);
};

export const createPeers = async (configuration: ReplicaConfiguration, certificates: string): Promise<EtcdPeers> => {
  const agent = await etcdClient(certificates);
  const peers: Peer[] = configuration.memberAddresses
    .filter((_address, index) => index !== configuration.index)
    .map((address) => ({
      address,
      call: async (path, body) => {
        const answer = await send({
          url: `${clientUrlOf(address)}/v3/cluster/member/${path}`,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          agent,
          timeoutMillis: TIMEOUT_MILLIS,
        });
        if (answer.status !== 200) throw new Error(`etcd on ${address} refused member/${path}: ${answer.body}`);
        return JSON.parse(answer.body);
      },
    }));
  return {
    members: async () => {
      const failures: string[] = [];
      for (const peer of peers) {
        try {
          const answer = (await peer.call('list', { linearizable: true })) as {
            members?: readonly GatewayMember[];
          };
          return {
            peer,
            members: (answer.members ?? []).map((member) => ({
              id: member.ID,
              name: member.name ?? '',
              peerUrls: member.peerURLs ?? [],
              learner: member.isLearner ?? false,
            })),
          };
        } catch (thrown) {
          failures.push(`${peer.address}: ${wholeMessageOf(thrown)}`);
        }
      }
      throw new Error(`no peer has quorum (${failures.join('; ')})`);
    },
  };
};

/** Leaves and joins as `nextJoinStep` says; returns the member list to start with. */
export const joinCluster = (
  configuration: ReplicaConfiguration,
  peers: EtcdPeers,
  log: Log,
  signal: AbortSignal,
): Promise<string> =>
  persist({
    what: 'Joining the etcd cluster',
    log,
    signal,
    pace: PACE,
    attempt: async () => {
      const { peer, members } = await peers.members();
      const step = nextJoinStep(configuration, configuration.index, members);
      switch (step.kind) {
        case 'start':
          return done(step.initialCluster);
        case 'remove':
          log.warn('The old member of this replica is removed from etcd: its disk is gone', { member: step.memberId });
          await peer.call('remove', { ID: step.memberId });
          return again(`member ${step.memberId} was removed`);
        case 'add':
          log.info('This replica is added to etcd as a learner', { peer: peer.address });
          await peer.call('add', { peerURLs: [step.peerUrl], isLearner: true });
          return again('a learner was added');
      }
    },
  });

/** Asks until this replica's member is a voting one; a learner is promoted when it has caught up. */
export const promoteWhenReady = (
  configuration: ReplicaConfiguration,
  peers: EtcdPeers,
  log: Log,
  signal: AbortSignal,
): Promise<void> =>
  persist({
    what: 'Becoming a voting etcd member',
    log,
    signal,
    pace: PACE,
    attempt: async () => {
      const { peer, members } = await peers.members();
      const address = configuration.memberAddresses[configuration.index] ?? '';
      const own = members.find((member) => member.peerUrls.includes(peerUrlOf(address)));
      if (own === undefined) return again('this replica is not in the member list');
      if (!own.learner) return done(undefined);
      await peer.call('promote', { ID: own.id });
      return again('the learner was promoted');
    },
  });

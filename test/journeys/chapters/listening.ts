/**
 * Chapter: nothing listens that is not declared, what listens wants to know who is there, and the account opens a port for
 * each that others may use, and no other.
 */
import { readFileSync } from 'node:fs';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { describe, expect, test } from '@jest/globals';
import { CLUSTER_TAG } from '../../../api/names.ts';
import {
  API_SERVER_PORT,
  CLOUD_CONTROLLER_PORT,
  CONTROLLER_MANAGER_PORT,
  ETCD_CLIENT_PORT,
  ETCD_METRICS_PORT,
  ETCD_PEER_PORT,
  nodePorts,
  ownPorts,
  replicaPorts,
  SCHEDULER_PORT,
} from '../../../machine/ports.ts';
import { folders, REGION } from '../../../sandbox/layout.ts';
import { MARK, type SandboxState } from '../../../sandbox/supervisor/state.ts';
import { SPECTATOR } from '../../support/spectator.ts';
import { knock, type Listener, listenersWith } from '../sockets.ts';
import { eventually, type Story, type Tell } from '../story.ts';

const listeners = ({ journey }: Story): readonly Listener[] => {
  const { state } = folders(journey.sandbox.home);
  const { mark } = JSON.parse(readFileSync(state, 'utf8')) as SandboxState;
  return listenersWith(MARK, mark);
};

/** The addresses under which the replicas are each other's peers, by index. */
const replicas = async ({ journey }: Story) =>
  Promise.all(
    [0, 1, 2].map(async (index) => {
      const { id, enis } = await journey.replica(index);
      const fixed = enis.find(({ index: device }) => device !== 0)?.ip;
      if (fixed === undefined || fixed === null) throw new Error(`replica ${index} holds no interface`);
      return { id, fixed };
    }),
  );

/** A controller that lost its lease on a busy computer starts again: who is asked for more is up first. */
const untilWell = (urls: readonly string[]) =>
  eventually('all of them to be well', async () => {
    for (const url of urls) expect({ url, status: await knock(url) }).toEqual({ url, status: 200 });
  });

const spectator = ({ journey }: Story): EC2Client =>
  new EC2Client({
    region: REGION,
    endpoint: journey.sandbox.status().aws.endpoint,
    credentials: SPECTATOR,
  });

const HEALTH = ['/readyz', '/livez', '/healthz'];
const controllersOf = (host: string, path: string): readonly string[] =>
  [CONTROLLER_MANAGER_PORT, SCHEDULER_PORT, CLOUD_CONTROLLER_PORT].map((port) => `https://${host}:${port}${path}`);
const BEHIND = ['/api', '/api/v1/secrets', '/apis', '/version', '/metrics', '/openapi/v2', '/debug/pprof/', '/logs'];

export const listening: Tell = (story) => {
  describe('of the machines', () => {
    test('each replica listens on the ports that machine/ declares, at its own address, and on no other', async () => {
      const declared = [...replicaPorts, ...ownPorts].map(({ component, port }) => `${component} tcp ${port}`);
      for (const { fixed } of await replicas(story())) await untilWell(controllersOf(fixed, '/healthz'));
      const all = listeners(story());
      for (const { id, fixed } of await replicas(story())) {
        const seen = all.filter(({ instance }) => instance === id);
        expect(seen.map(({ program, protocol, port }) => `${program} ${protocol} ${port}`).sort()).toEqual(
          [...new Set(declared)].sort(),
        );
        expect(new Set(seen.map(({ address }) => address))).toEqual(new Set([fixed]));
      }
    });

    test('no node listens on anything: its pods are played, and its kubelet’s port with them', async () => {
      const ids = new Set((await replicas(story())).map(({ id }) => id));
      const others = listeners(story()).filter(({ instance }) => instance !== undefined && !ids.has(instance));
      expect(others).toEqual([]);
    });

    test('and of everything else of the sandbox, nothing listens beyond this computer', () => {
      const all = listeners(story());
      expect(all.filter(({ instance }) => instance === undefined).length).toBeGreaterThan(8);
      expect(all.filter(({ address }) => !address.startsWith('127.'))).toEqual([]);
    });
  });

  describe('whoever has no certificate', () => {
    test('is told by the API server whether it is well, and nothing else', async () => {
      for (const { fixed } of await replicas(story())) {
        const ask = (path: string) => knock(`https://${fixed}:${API_SERVER_PORT}${path}`);
        await untilWell(HEALTH.map((path) => `https://${fixed}:${API_SERVER_PORT}${path}`));
        expect(await Promise.all(BEHIND.map(ask))).toEqual(BEHIND.map(() => 401));
      }
    });

    test('gets no connection to etcd, neither as a client nor as a peer, and no administrator does, either', async () => {
      const administrator = await story().journey.apiAccess();
      for (const { fixed } of await replicas(story())) {
        for (const port of [ETCD_CLIENT_PORT, ETCD_PEER_PORT]) {
          expect(await knock(`https://${fixed}:${port}/version`)).toBe('refused');
          expect(await knock(`https://${fixed}:${port}/version`, administrator)).toBe('refused');
        }
      }
    });

    test('is told by controllers whether they are well, and nothing else', async () => {
      for (const { fixed } of await replicas(story())) {
        await untilWell(controllersOf(fixed, '/healthz'));
        for (const path of ['/metrics', '/configz', '/debug/pprof/']) {
          for (const url of controllersOf(fixed, path)) {
            expect({ url, status: await knock(url) }).toEqual({ url, status: 403 });
          }
        }
      }
    });

    test('finds figures at etcd’s metrics port, which no rule opens, and no data', async () => {
      for (const { fixed } of await replicas(story())) {
        const ask = (path: string) => knock(`http://${fixed}:${ETCD_METRICS_PORT}${path}`);
        await untilWell([`http://${fixed}:${ETCD_METRICS_PORT}/readyz`]);
        for (const path of ['/v3/kv/range', '/v2/keys', '/debug/pprof/', '/debug/vars'])
          expect(await ask(path)).toBe(404);
      }
    });
  });

  test('the account lets in what machine/ declares, one rule a port and a peer, clients at the load balancer, and nothing else', async () => {
    const clusterId = (await story().journey.cluster()).status?.clusterID ?? '';
    const { SecurityGroups = [] } = await spectator(story()).send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: `tag:${CLUSTER_TAG}`, Values: [clusterId] }] }),
    );
    const groupOf = (name: string) => SecurityGroups.find(({ GroupName }) => GroupName === `${clusterId}-${name}`);
    const [control, nodes, balancer] = [groupOf('controlplane'), groupOf('nodepool'), groupOf('load-balancer')];
    expect(SecurityGroups).toHaveLength(3);
    const peers: Readonly<Record<string, string | undefined>> = {
      replicas: control?.GroupId,
      nodes: nodes?.GroupId,
      'load-balancer': balancer?.GroupId,
    };
    const rulesOf = (group: typeof control) =>
      (group?.IpPermissions ?? []).flatMap(({ IpProtocol, FromPort, ToPort, UserIdGroupPairs = [], IpRanges = [] }) =>
        [...UserIdGroupPairs.map(({ GroupId }) => GroupId), ...IpRanges.map(({ CidrIp }) => CidrIp)].map(
          (from) => `${IpProtocol} ${FromPort}-${ToPort} from ${from}`,
        ),
      );
    for (const [group, ports] of [
      [control, replicaPorts],
      [nodes, nodePorts],
    ] as const) {
      expect(rulesOf(group).sort()).toEqual(
        ports.map(({ protocol, port, from }) => `${protocol} ${port}-${port} from ${peers[from]}`).sort(),
      );
    }
    // Clients come by the balancer: from the VPC, since the spec names no ranges, and from the nodes.
    const vpc = `127.${story().journey.layout().network}.0.0/16`;
    expect(rulesOf(balancer).sort()).toEqual([`tcp 443-443 from ${vpc}`, `tcp 443-443 from ${nodes?.GroupId}`].sort());
  });
};

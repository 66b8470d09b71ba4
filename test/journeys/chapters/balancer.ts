/**
 * Chapter: the load balancer in front of the cluster is deleted by hand. Slipway hears of it with its next sweep, says so, and
 * makes another one; machines, certificates and tokens stay what they were, since none of them holds its name.
 */
import {
  DeleteLoadBalancerCommand,
  ElasticLoadBalancingV2Client,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, test } from '@jest/globals';
import { SPECTATOR } from '../../support/spectator.ts';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import { type Journey } from '../journey.ts';
import { rows, type Tell, untilNodesAreReady } from '../story.ts';
import { sweepNow } from '../sweeps.ts';

type Conditioned = {
  readonly kind: string;
  readonly status?: {
    readonly endpoint?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
};

const clusterNow = async ({ sandbox }: Journey): Promise<Conditioned | undefined> =>
  (await sandbox.objects().all<Conditioned>()).find(({ kind }) => kind === 'AWSCluster');

const ready = (object: Conditioned | undefined) => object?.status?.conditions?.find(({ type }) => type === 'Ready');

const deleteByHand = async ({ sandbox, loadBalancer }: Journey): Promise<void> => {
  const { endpoint, region } = sandbox.status().aws;
  const elbv2 = new ElasticLoadBalancingV2Client({ endpoint, region, credentials: SPECTATOR });
  const { arn: LoadBalancerArn } = await loadBalancer();
  const Attributes = [{ Key: 'deletion_protection.enabled', Value: 'false' }];
  await elbv2.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
  await elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }));
  elbv2.destroy();
};

/** Names, uids and boot ids of nodes would change if one were made anew. */
const nodesNow = async ({ user }: Journey): Promise<readonly string[]> =>
  rows(
    await user('get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}{"\\n"}{end}'),
  ).toSorted();

const renewedAt = async ({ user }: Journey): Promise<readonly number[]> =>
  rows(
    await user(
      'get',
      'leases',
      '-n',
      'kube-node-lease',
      '-o',
      'jsonpath={range .items[*]}{.spec.renewTime}{"\\n"}{end}',
    ),
  ).map((time) => Date.parse(time));

export const balancer: Tell = (story) => {
  describe('the load balancer, deleted by hand under a cluster with nodes', () => {
    let endpoint: string | undefined;
    let machines: readonly string[] = [];
    let nodes: readonly string[] = [];
    let token = '';
    let since = 0;

    test('is told by the next sweep: nobody reaches the API, so the cluster is not Ready', async () => {
      const { journey } = story();
      endpoint = (await clusterNow(journey))?.status?.endpoint;
      machines = (await journey.instances()).map(({ id }) => id).toSorted();
      nodes = await nodesNow(journey);
      token = (await journey.user('create', 'token', 'default')).trim();
      since = await journey.callsSoFar();
      await deleteByHand(journey);
      await sweepNow(journey.sandbox);
      await waitFor(
        'the cluster says that it cannot be reached',
        async () => {
          const said = ready(await clusterNow(journey));
          return said?.status === 'False' && said.reason === 'Unreachable' ? true : undefined;
        },
        { intervalMs: 100 },
      );
    });

    test('is made anew by Slipway alone, which touches no machine for it', async () => {
      const { journey } = story();
      const now = await waitFor(
        'the cluster is Ready again',
        async () => {
          const object = await clusterNow(journey);
          return ready(object)?.status === 'True' ? object : undefined;
        },
        UNHURRIED,
      );
      expect(now.status?.endpoint).not.toBe(endpoint);
      const changed = (await journey.mutationsSince(since)).filter((call) => call.endsWith('Slipway'));
      expect(changed.filter((call) => /Template|AutoScaling|Instance|Volume|NetworkInterface/.test(call))).toEqual([]);
      expect(changed).toEqual(expect.arrayContaining(['CreateLoadBalancer by Slipway', 'CreateListener by Slipway']));
    });

    test('is reached by people once they ask for credentials again, and by every node without being asked', async () => {
      const { journey } = story();
      const asked = Date.now();
      await journey.getCredentials();
      await waitFor(
        'every node has renewed its Lease',
        async () => {
          const times = await renewedAt(journey);
          return times.length === 9 && times.every((at) => at > asked) ? true : undefined;
        },
        UNHURRIED,
      );
      await untilNodesAreReady(story());
      expect(await nodesNow(journey)).toEqual(nodes);
      expect((await journey.instances()).map(({ id }) => id).toSorted()).toEqual(machines);
    });

    test('leaves tokens valid, and nothing more to be done: the sweep after it finds nothing', async () => {
      const { journey } = story();
      const who = await journey.user('--token', token, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}');
      expect(who).toBe('system:serviceaccount:default:default');
      await sweepNow(journey.sandbox);
      await journey.untilProvisioned();
      const types = (await clusterNow(journey))?.status?.conditions?.map(({ type }) => type) ?? [];
      expect(types.filter((type) => ['Drifted', 'ChangesPending', 'Degraded'].includes(type))).toEqual([]);
      expect((await journey.instances()).map(({ id }) => id).toSorted()).toEqual(machines);
    });
  });
};

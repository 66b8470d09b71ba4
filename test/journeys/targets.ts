/**
 * Targets: the API servers that a cluster's load balancer sends connections to, and what it takes each for.
 *
 * Owns: asking both. A load balancer hears of a loss, and of its end, only some checks later: what it says is of the past, and
 * what a server says will be true of it soon. Neighbours: `replicas.ts` has the cluster; the sandbox's network checks the targets.
 */
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { SandboxForTests } from '../support/sandbox.ts';
import { SPECTATOR } from '../support/spectator.ts';
import { knock } from './sockets.ts';

export type Targets = {
  /** Each of so many that isn't ready, or that the load balancer doesn't take for healthy: `10.0.1.7:6443 is ready, and unhealthy`. */
  readonly unwell: (count: number) => Promise<readonly string[]>;
};

const READY = 'ready';
const HEALTHY = 'healthy';

const readiness = async (host: string): Promise<string> => {
  const status = await knock(`https://${host}/readyz`).catch((error: Error) => error.message);
  return status === 200 ? READY : `not ready (${status})`;
};

/** Those of every target group of the load balancer. */
export const targetsOf = (sandbox: SandboxForTests, loadBalancerArn: string): Targets => ({
  unwell: async (count) => {
    const { endpoint, region } = sandbox.status().aws;
    const elbv2 = new ElasticLoadBalancingV2Client({ endpoint, region, credentials: SPECTATOR });
    try {
      const groups = await elbv2.send(new DescribeTargetGroupsCommand({ LoadBalancerArn: loadBalancerArn }));
      const answers = await Promise.all(
        (groups.TargetGroups ?? []).map(({ TargetGroupArn }) =>
          elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn })),
        ),
      );
      const targets = answers.flatMap((answer) => answer.TargetHealthDescriptions ?? []);
      if (targets.length !== count) throw new Error(`${loadBalancerArn} has ${targets.length} targets, not ${count}`);
      const said = await Promise.all(
        targets.map(async ({ Target: target, TargetHealth: health }) => {
          const host = `${target?.Id}:${target?.Port}`;
          return { host, state: health?.State, readiness: await readiness(host) };
        }),
      );
      return said
        .filter((one) => one.state !== HEALTHY || one.readiness !== READY)
        .map((one) => `${one.host} is ${one.readiness}, and ${one.state}`);
    } finally {
      elbv2.destroy();
    }
  },
});

/**
 * Load balancers: the one call that a node makes, in plain data.
 *
 * Owns: the SDK client, loaded when it is first needed. Neighbour: `api-address.ts` asks.
 */
import type { AwsAccount } from './credentials.ts';

export type LoadBalancers = {
  /** DNS name of the load balancer of that name; undefined where there is none. */
  dnsNameOf(name: string): Promise<string | undefined>;
};

export const createLoadBalancers = async (account: AwsAccount): Promise<LoadBalancers> => {
  const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2');
  const client = new sdk.ElasticLoadBalancingV2Client({
    ...account,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 },
  });
  return {
    dnsNameOf: async (name) => {
      try {
        const { LoadBalancers } = await client.send(new sdk.DescribeLoadBalancersCommand({ Names: [name] }));
        return LoadBalancers?.[0]?.DNSName;
      } catch (thrown) {
        if (thrown instanceof sdk.LoadBalancerNotFoundException) return undefined;
        throw thrown;
      }
    },
  };
};

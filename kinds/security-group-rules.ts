/** Ingress rules of a security group. What others opened in it stays; ours are known by their descriptions. */
import type { Resolved, Value } from '../words/references.ts';
import type { Difference, Row } from './row.ts';

type Source<Text> = { readonly group: Text } | { readonly cidr: Text };

type Rule<From> = {
  /** `tcp`, `udp` or an IP protocol number. */
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly source: From;
};

type Described = { readonly description: string };

/** `cidrs`: how many there are is only known once the plan runs; a space is between each two. */
export type IngressRule = Rule<Source<Value> | { readonly cidrs: Value }> & Described;
export type PlainIngressRule = Rule<Source<string>>;

/** A rule for each range. */
export const plainRules = (ingress: readonly Resolved<IngressRule>[]): readonly (PlainIngressRule & Described)[] =>
  ingress.flatMap(({ source, ...rule }) =>
    'cidrs' in source ? source.cidrs.split(' ').map((cidr) => ({ ...rule, source: { cidr } })) : [{ ...rule, source }],
  );

/**
 * One spelling for a rule, so that AWS's form and ours can be compared: what EC2 itself refuses to have twice, which is protocol,
 * ports and source, not the description. `tcp 6443-6443 from 10.0.0.0/16`, `tcp 2380-2380 from sg-1`.
 */
export const ingressRuleId = ({ protocol, fromPort, toPort, source }: PlainIngressRule): string =>
  `${protocol} ${fromPort}-${toPort} from ${'group' in source ? source.group : source.cidr}`;

export type SecurityGroupRulesProperties = { readonly groupId: Value; readonly ingress: readonly IngressRule[] };
/** A group without any rule is no entry. Each rule by its id, sorted; `ours` are those that Slipway wrote. */
export type SecurityGroupRulesState = { readonly ingress: readonly string[]; readonly ours: readonly string[] };
export type SecurityGroupRulesIdentity = { readonly groupId: string };

export const securityGroupRules: Row<
  SecurityGroupRulesProperties,
  SecurityGroupRulesState,
  SecurityGroupRulesIdentity,
  'missing' | 'stale'
> = {
  planned: 'when it differs',
  changesAws: true,
  differences: (wanted, { ingress, ours }) => {
    const ids = [...new Set(plainRules(wanted.ingress).map(ingressRuleId))];
    return [
      ...ids
        .filter((item) => !ingress.includes(item))
        .map((item): Difference<'missing'> => ({ what: 'missing', item, says: `${item} is not allowed` })),
      ...ours
        .filter((item) => !ids.includes(item))
        .map((item): Difference<'stale'> => ({ what: 'stale', item, says: `${item} is still allowed` })),
    ];
  },
  removal: {
    // Pools being deleted still talk to the cluster's API through these.
    after: ['auto-scaling-group'],
    afterPools: true,
    identity: ({ outputs }) => ({ groupId: outputs.id ?? '' }),
  },
};

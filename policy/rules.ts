/**
 * Rules: one spelling for an ingress rule, so that AWS's form and ours can be compared.
 *
 * Owns: the identity of a rule, which is what EC2 itself refuses to have twice: protocol, ports and source, not the
 * description. Neighbours: `activities/aws` write what they read in this form; `compare.ts` looks for what is missing.
 */

export type PlainIngressRule = {
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly source: { readonly group: string } | { readonly cidr: string };
};

/** `tcp 6443-6443 from 10.0.0.0/16`, `tcp 2380-2380 from sg-1`. */
export const ingressRuleId = (rule: PlainIngressRule): string =>
  `${rule.protocol} ${rule.fromPort}-${rule.toPort} from ${'group' in rule.source ? rule.source.group : rule.source.cidr}`;

import { describe, expect, test } from '@jest/globals';
import {
  type Approval,
  CLIENT_SIGNER,
  CLIENT_USAGES,
  claimOf,
  judge,
  type NamedInstance,
  type NodeCertificateRequest,
  SERVING_SIGNER,
  SERVING_USAGES,
} from '../../machine/approval.ts';

const CLUSTER = 'gke-0a1b2c3d';
const NAME = 'ip-10-0-2-77.eu-west-1.compute.internal';
const USER = `system:node:${NAME}`;

const bootstrap = (overrides: Partial<NodeCertificateRequest> = {}): NodeCertificateRequest => ({
  signer: CLIENT_SIGNER,
  username: 'system:bootstrap:abc123',
  groups: ['system:bootstrappers', 'system:bootstrappers:slipway:1a2b3c4d', 'system:authenticated'],
  usages: CLIENT_USAGES,
  commonName: USER,
  organizations: ['system:nodes'],
  dnsNames: [],
  addresses: [],
  otherNames: 0,
  ...overrides,
});
const serving = (overrides: Partial<NodeCertificateRequest> = {}): NodeCertificateRequest =>
  bootstrap({
    signer: SERVING_SIGNER,
    username: USER,
    groups: ['system:nodes', 'system:authenticated'],
    usages: SERVING_USAGES,
    dnsNames: [NAME],
    addresses: ['10.0.2.77'],
    ...overrides,
  });
const instance = (overrides: Partial<NamedInstance> = {}): NamedInstance => ({
  id: 'i-1',
  state: 'running',
  hostname: NAME,
  addresses: ['10.0.2.77'],
  tags: { 'slipway.dev/cluster': CLUSTER, 'aws:autoscaling:groupName': `${CLUSTER}-nodepool-1a2b3c4d` },
  ...overrides,
});

const approvalOf = (request: NodeCertificateRequest, instances: readonly NamedInstance[]): Approval => {
  const claim = claimOf(request);
  return claim.kind === 'deny' ? claim : judge(request, claim, instances, CLUSTER);
};

describe("Approval of a node's first client certificate", () => {
  test.each(['pending', 'running'])('is granted to a %s instance of the pool whose token was used', (state) => {
    expect(approvalOf(bootstrap(), [instance({ state })]).kind).toBe('approve');
  });

  test('looks past a dead instance that had the same name', () => {
    expect(approvalOf(bootstrap(), [instance({ id: 'i-0', state: 'terminated' }), instance()]).kind).toBe('approve');
  });

  test.each([
    ['no instance', []],
    ['a terminated instance only', [instance({ state: 'terminated' })]],
    ['a stopped instance only', [instance({ state: 'stopped' })]],
  ])('stays open with %s, which EC2 may yet correct', (_what, instances) => {
    expect(approvalOf(bootstrap(), instances).kind).toBe('unknown');
  });

  test.each([
    ['another pool', { tags: { ...instance().tags, 'aws:autoscaling:groupName': `${CLUSTER}-nodepool-ffffffff` } }],
    ['the control plane', { tags: { ...instance().tags, 'aws:autoscaling:groupName': `${CLUSTER}-controlplane-0` } }],
    ['no group', { tags: { 'slipway.dev/cluster': CLUSTER } }],
    ['another cluster', { tags: { ...instance().tags, 'slipway.dev/cluster': 'gke-ffffffff' } }],
  ])('is denied to an instance of %s', (_what, overrides) => {
    expect(approvalOf(bootstrap(), [instance(overrides)]).kind).toBe('deny');
  });

  test.each([
    ['another organization', { organizations: ['system:masters'] }],
    ['two organizations', { organizations: ['system:nodes', 'system:masters'] }],
    ["a name that is no node's", { commonName: 'system:admin' }],
    ['an empty node name', { commonName: 'system:node:' }],
    ['names of servers', { dnsNames: ['kubernetes'] }],
    ['other names', { otherNames: 1 }],
    ['more usages', { usages: [...CLIENT_USAGES, 'server auth'] }],
    ["no pool's token", { groups: ['system:bootstrappers', 'system:authenticated'] }],
    ['tokens of two pools', { groups: ['system:bootstrappers:slipway:a', 'system:bootstrappers:slipway:b'] }],
    ["an administrator's own credentials", { username: 'admin', groups: ['system:masters'] }],
  ])('is denied with %s', (_what, overrides) => {
    expect(approvalOf(bootstrap(overrides), [instance()]).kind).toBe('deny');
  });
});

describe('Approval of what a node asks for itself', () => {
  test('renews its client certificate while its instance lives', () => {
    const renewal = bootstrap({ username: USER, groups: ['system:nodes'] });
    expect(approvalOf(renewal, [instance()]).kind).toBe('approve');
    expect(approvalOf(renewal, [instance({ state: 'terminated' })]).kind).toBe('unknown');
    expect(approvalOf(bootstrap({ username: 'system:node:other', groups: ['system:nodes'] }), [instance()]).kind).toBe(
      'deny',
    );
  });

  test('serves under its own name and addresses only', () => {
    expect(approvalOf(serving(), [instance()]).kind).toBe('approve');
    for (const wrong of [
      { dnsNames: ['kubernetes.default'] },
      { dnsNames: [NAME, 'kubernetes.default'] },
      { addresses: ['10.0.2.10'] },
      { dnsNames: [], addresses: [] },
      { username: 'system:bootstrap:abc123', groups: ['system:bootstrappers:slipway:1a2b3c4d'] },
    ]) {
      expect(approvalOf(serving(wrong), [instance()])).toMatchObject({ kind: 'deny', reason: expect.any(String) });
    }
  });
});

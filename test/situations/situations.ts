/**
 * Situations that people of this trade meet, each with what Slipway says of it and what cures it.
 *
 * Owns: the list of those that need nothing of each other, and so happen side by side. Neighbours: `situation.ts` has their
 * shape, `situations.trial.test.ts` lets them happen, and two more after them: a security group that is deleted by hand,
 * and a permission that a delete needs.
 */
import { controlPlaneName, replicaName, replicaTemplateName } from '../../api/names.ts';
import type { Situation } from './situation.ts';

const VERSION = '1.16.9-gke.12';

export const SITUATIONS: readonly Situation[] = [
  {
    title: 'a permission that a create needs is missing',
    cluster: 'create-denied',
    step: `ensure launch-template/controlplane-0/${VERSION}`,
    verdict: 'blocked',
    why: /EC2 CreateLaunchTemplate: UnauthorizedOperation: You are not authorized/,
    prepare: ({ refuse, permit }) =>
      Promise.resolve({
        arrange: (id) =>
          refuse(
            'CreateLaunchTemplate',
            { LaunchTemplateName: replicaTemplateName(id, 0, VERSION) },
            'UnauthorizedOperation',
            'You are not authorized to perform this operation.',
          ),
        cure: () => permit('CreateLaunchTemplate'),
      }),
  },
  {
    title: 'a quota is exhausted',
    cluster: 'quota-exhausted',
    step: 'ensure load-balancer/controlplane',
    verdict: 'blocked',
    why: /TooManyLoadBalancers/,
    prepare: ({ refuse, permit }) =>
      Promise.resolve({
        arrange: (id) =>
          refuse(
            'CreateLoadBalancer',
            { Name: controlPlaneName(id) },
            'TooManyLoadBalancers',
            'The quota of load balancers is reached.',
          ),
        cure: () => permit('CreateLoadBalancer'),
      }),
  },
  {
    title: 'a zone has no machine of the type to give',
    cluster: 'no-capacity',
    step: 'wait control-plane/ready',
    verdict: 'capacity',
    why: /auto scaling group \S+-controlplane-1 cannot launch a machine: .*InsufficientInstanceCapacity/,
    // One of three replicas would not keep the API from answering: two of them are kept away.
    prepare: ({ refuseLaunches, permit }) =>
      Promise.resolve({
        arrange: (id) =>
          Promise.all(
            [1, 2].map((index) =>
              refuseLaunches(
                replicaName(id, index),
                'InsufficientInstanceCapacity',
                'InsufficientInstanceCapacity: We currently do not have sufficient t3.medium capacity',
              ),
            ),
          ),
        cure: (id) => Promise.all([1, 2].map((index) => permit(`asg:${replicaName(id, index)}`))),
      }),
  },
  {
    title: 'a subnet has no free address',
    cluster: 'no-address',
    step: 'ensure preflight',
    verdict: 'blocked',
    why: /subnet subnet-\w+ has 0 free addresses/,
    prepare: async ({ fullSubnet, freeSubnet }) => ({
      spec: {
        'controlPlane.subnetIDs': ['subnet-08fdd9360320f5f27', 'subnet-03babff7f9b5d4a7b', await fullSubnet()],
      },
      cure: freeSubnet,
    }),
  },
  {
    title: 'the KMS key is disabled',
    cluster: 'key-disabled',
    step: 'ensure preflight',
    verdict: 'blocked',
    why: /kmsKeyARN: .*key\/[\w-]+ .*Disabled/,
    prepare: async ({ makeKey, disableKey, enableKey }) => {
      const key = await makeKey();
      await disableKey(key);
      return { spec: { 'controlPlane.databaseEncryption.kmsKeyARN': key }, cure: () => enableKey(key) };
    },
  },
  {
    title: 'the key pair is gone',
    cluster: 'no-key-pair',
    step: 'ensure preflight',
    verdict: 'blocked',
    why: /keyName: key pair ours does not exist/,
    prepare: async ({ makeKeyPair, deleteKeyPair }) => {
      await makeKeyPair('ours');
      await deleteKeyPair('ours');
      return { spec: { 'controlPlane.keyName': 'ours' }, cure: () => makeKeyPair('ours') };
    },
  },
  {
    title: 'the hub is down',
    cluster: 'hub-down',
    step: 'ensure hub-membership/hub-down',
    verdict: 'retry',
    why: /GKE Hub at \S+ did not answer/,
    prepare: ({ command }) =>
      Promise.resolve({
        spec: { 'controlPlane.hub': { membershipName: 'projects/p/locations/global/memberships/hub-down' } },
        arrange: () => command('stop', 'hub'),
        cure: () => command('start', 'hub'),
      }),
  },
  {
    title: 'the API server refuses an add-on',
    cluster: 'addon-refused',
    step: 'ensure addon/coredns',
    verdict: 'blocked',
    why: /admission webhook "policy\.example" denied the request: no images from outside/,
    prepare: ({ command }) =>
      Promise.resolve({
        arrange: (id) =>
          command(
            ...['fault', 'refusal', 'deployments/coredns', '--cluster', id, '--status', '403', '--reason', 'Forbidden'],
            ...['--message', 'admission webhook "policy.example" denied the request: no images from outside'],
          ),
        cure: () => command('fault', 'clear'),
      }),
  },
  {
    title: 'the control plane never answers',
    cluster: 'silent',
    step: 'wait control-plane/ready',
    verdict: 'overdue',
    why: /Waiting for the control plane at https:\/\/\S+: it does not answer/,
    prepare: ({ command }) =>
      Promise.resolve({
        arrange: (id) => command('fault', 'silence', '--cluster', id),
        cure: () => command('fault', 'clear'),
      }),
  },
  {
    title: 'nodes never join',
    cluster: 'no-nodes',
    pool: true,
    step: 'wait nodes',
    verdict: 'overdue',
    why: /Waiting for nodes to join the cluster: 0 of 1 ready/,
    prepare: ({ command }) =>
      Promise.resolve({
        arrange: (id) => command('fault', 'absent-nodes', '--cluster', id),
        cure: () => command('fault', 'clear'),
      }),
  },
  {
    title: 'a thing with our name belongs to somebody else',
    cluster: 'foreign',
    step: 'ensure target-group/controlplane',
    verdict: 'blocked',
    why: /target-group\/controlplane cannot be made: .* has its name and belongs to/,
    prepare: ({ makeTargetGroup, deleteTargetGroup }) =>
      Promise.resolve({
        arrange: (id) => makeTargetGroup(controlPlaneName(id)),
        cure: (id) => deleteTargetGroup(controlPlaneName(id)),
      }),
  },
];

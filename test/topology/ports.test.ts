/** Ports that machines listen on, and the rules that let others reach them: each port one rule for each who connects. */
import { describe, expect, test } from '@jest/globals';
import type { ResourceOf } from '../../kinds/resource.ts';
import { replicaComponents } from '../../machine/components.ts';
import { nodeComponents } from '../../machine/node-components.ts';
import { nodePorts, ownPorts, replicaPorts } from '../../machine/ports.ts';
import { nodeStatus } from '../../sandbox/kubelet/node-object.ts';
import { settingsOf } from '../../sandbox/kubelet/settings.ts';
import { clusterTopology } from '../../topology/cluster.ts';
import { nodePoolTopology } from '../../topology/nodepool.ts';
import { instance, nodeMachine, replicaMachine } from '../machine/examples.ts';
import { release, seedCluster, seedPool } from './objects.ts';

const topology = clusterTopology(seedCluster(), release());
const rulesOf = (key: string) =>
  topology
    .filter((resource): resource is ResourceOf<'security-group-rules'> => resource.key === key)
    .flatMap(({ properties }) => properties.ingress);

/** `etcd 2379`: what a component's arguments make it listen on. */
const listening = replicaComponents(replicaMachine()).flatMap(({ name, program }) =>
  program.kind !== 'binary'
    ? []
    : program.arguments.flatMap((argument) => {
        const port = /^--(?:secure-port|listen-[a-z]+-urls)=(?:\S*:)?(\d+)$/.exec(argument)?.[1];
        return port === undefined ? [] : [`${name} ${port}`];
      }),
);

describe('Each port on which a replica listens', () => {
  const declared = [...replicaPorts, ...ownPorts].map(({ component, port }) => `${component} ${port}`);

  test('is declared, by its component, and nothing else is', () => {
    expect([...new Set(declared)].sort()).toEqual([...listening].sort());
  });

  test('is either for others or its own', () => {
    const others = replicaPorts.map(({ port }) => port);
    expect(ownPorts.filter(({ port }) => others.includes(port))).toEqual([]);
  });

  test('has no other way in by an argument that is left to its default', () => {
    const text = replicaComponents(replicaMachine())
      .flatMap(({ program }) => (program.kind === 'binary' ? program.arguments : []))
      .join(' ');
    // A webhook's port of its own, and addresses beyond the replica's.
    expect(text).toContain('--webhook-secure-port=0');
    expect(text).not.toMatch(/0\.0\.0\.0|\[::\]|insecure-port|--bind-address= /);
    for (const { program } of replicaComponents(replicaMachine())) {
      if (program.kind !== 'binary' || program.command === 'etcd') continue;
      expect(program.arguments).toContain('--bind-address=10.0.2.10');
      expect(program.arguments).toContain('--profiling=false');
    }
  });

  test('of a component that others dial asks them for a certificate', () => {
    const argumentsOf = (wanted: string) =>
      replicaComponents(replicaMachine()).flatMap(({ name, program }) =>
        name === wanted && program.kind === 'binary' ? program.arguments : [],
      );
    expect(argumentsOf('etcd')).toEqual(
      expect.arrayContaining(['--client-cert-auth=true', '--peer-client-cert-auth=true']),
    );
    for (const name of [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'aws-cloud-controller-manager',
    ]) {
      expect(argumentsOf(name)).toEqual(expect.arrayContaining([expect.stringMatching(/^--client-ca-file=.+root-ca/)]));
    }
  });
});

describe('The rules', () => {
  test.each([
    ['the control plane', 'security-group-rules/controlplane', replicaPorts],
    ['the nodes', 'security-group-rules/nodepool', nodePorts],
  ])('of %s are one for each port and each who connects', (_whose, key, ports) => {
    const rules = rulesOf(key).map(({ protocol, fromPort, toPort, source }) => ({
      protocol,
      fromPort,
      toPort,
      source,
    }));
    expect(rules).toHaveLength(ports.length);
    expect(new Set(rules.map((rule) => JSON.stringify(rule))).size).toBe(rules.length);
    expect(rules.map(({ protocol, fromPort, toPort }) => [protocol, fromPort, toPort])).toEqual(
      ports.map(({ protocol, port }) => [protocol, port, port]),
    );
  });

  test('let nobody in from everywhere', () => {
    expect(JSON.stringify(topology)).not.toContain('0.0.0.0/0');
  });

  test('for nodes open the port that their Nodes name, and none of their pods’', () => {
    const now = new Date(0).toISOString();
    const port = nodeStatus(settingsOf(nodeComponents(nodeMachine())), instance(), now, now).daemonEndpoints
      .kubeletEndpoint.Port;
    expect(new Set(rulesOf('security-group-rules/nodepool').map(({ fromPort }) => fromPort))).toEqual(new Set([port]));
  });

  test('are the cluster’s alone: a pool opens nothing', () => {
    const pool = nodePoolTopology(seedPool(), seedCluster(), release());
    expect(pool.filter(({ kind }) => kind === 'security-group' || kind === 'security-group-rules')).toEqual([]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { nodeComponents, tokenFile } from '../../machine/node-components.ts';
import { startWaves } from '../../machine/order.ts';
import { nodePorts, ownNodePorts } from '../../machine/ports.ts';
import { reservationOf } from '../../machine/reservation.ts';
import { instance, nodeConfiguration, nodeMachine } from './examples.ts';

const components = nodeComponents(nodeMachine());
const componentOf = (name: string, from = components) => {
  const found = from.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no component ${name}`);
  return found;
};
const argumentsOf = (name: string, from = components): readonly string[] => {
  const { program } = componentOf(name, from);
  return program.kind === 'binary' ? program.arguments : [];
};
const fileOf = (name: string, path: string) => {
  const content = componentOf(name).files.find((file) => file.path === path)?.content ?? '';
  return JSON.parse(content) as Record<string, unknown>;
};

describe('Components of a node', () => {
  test('start with the container runtime, and the proxy once there is a certificate', () => {
    expect(startWaves(components).map((wave) => wave.map(({ name }) => name))).toEqual([
      ['containerd'],
      ['kubelet'],
      ['kube-proxy'],
    ]);
  });

  test('have the version that the node is told, and the runtime that of its image', () => {
    const configuration = nodeConfiguration({ versions: { kubernetes: '1.35.9' } });
    const versions = nodeComponents(nodeMachine({ configuration })).map(({ name, version }) => [name, version]);
    expect(versions).toEqual([
      ['containerd', undefined],
      ['kubelet', '1.35.9'],
      ['kube-proxy', '1.35.9'],
    ]);
  });

  test('come to the cluster by the load balancer’s name, with a token that no file and no argument carries', () => {
    expect(fileOf('kubelet', '/run/config/bootstrap.kubeconfig')).toMatchObject({
      clusters: [{ cluster: { server: `https://${nodeConfiguration().endpoint}` } }],
      users: [{ user: { tokenFile: tokenFile({ certificates: '/run/pki' }) } }],
    });
    expect(fileOf('kube-proxy', '/run/config/kube-proxy.yaml')).toMatchObject({
      clientConnection: { kubeconfig: '/var/lib/kubelet/kubelet.kubeconfig' },
    });
    expect(argumentsOf('kubelet')).toContain('--kubeconfig=/var/lib/kubelet/kubelet.kubeconfig');
  });

  test('tell the kubelet its name, its taints, and the labels that it may set and does not set by itself', () => {
    const configuration = nodeConfiguration({
      labels: { team: 'web', 'node-role.kubernetes.io/web': '' },
      taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }],
    });
    const told = nodeComponents(nodeMachine({ configuration }));
    const labels = argumentsOf('kubelet', told).find((argument) => argument.startsWith('--node-labels='));
    expect(labels?.slice('--node-labels='.length).split(',').sort()).toEqual([
      'node.kubernetes.io/instance-type=m5.large',
      'slipway.dev/node-pool=1a2b3c4d',
      'team=web',
      'topology.kubernetes.io/region=eu-west-1',
      'topology.kubernetes.io/zone=eu-west-1b',
    ]);
    expect(argumentsOf('kubelet', told)).toEqual(
      expect.arrayContaining([`--hostname-override=${instance().hostname}`, '--cloud-provider=external']),
    );
    expect(JSON.stringify(componentOf('kubelet', told).files)).toContain('dedicated');
  });

  test('let nobody ask the kubelet who has neither certificate nor token', () => {
    expect(fileOf('kubelet', '/run/config/kubelet.yaml')).toMatchObject({
      authentication: { anonymous: { enabled: false }, x509: { clientCAFile: '/run/pki/root-ca.crt' } },
      authorization: { mode: 'Webhook' },
      serverTLSBootstrap: true,
    });
  });

  test('listen on ports that are listed, so that each has a rule or needs none', () => {
    const listed = new Set([...nodePorts, ...ownNodePorts].map(({ port }) => port));
    const text = JSON.stringify(components);
    const named = [...text.matchAll(/(?:"|\\")(?:healthz)?[pP]ort\\?":\s*(\d+)|:(\d+)\\"/g)].map(([, a, b]) =>
      Number(a ?? b),
    );
    expect(new Set(named)).toEqual(listed);
  });
});

describe('What a node keeps from pods', () => {
  test('grows with its processors in ever smaller bands, and with the pods that it takes', () => {
    expect(reservationOf(2, 110)).toEqual({ cpuMillis: 70, memoryMiB: 1465 });
    expect(reservationOf(8, 20)).toEqual({ cpuMillis: 90, memoryMiB: 475 });
    expect(reservationOf(8, 500).memoryMiB).toBe(reservationOf(8, 110).memoryMiB);
  });
});

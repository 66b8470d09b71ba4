import { describe, expect, test } from '@jest/globals';
import { replicaCertificates } from '../../machine/certificates.ts';
import type { Component } from '../../machine/component.ts';
import { replicaComponents } from '../../machine/components.ts';
import { API_SERVER_CHECK } from '../../machine/health-check.ts';
import { startWaves, stopWaves } from '../../machine/order.ts';
import { ownPorts, replicaPorts } from '../../machine/ports.ts';
import { MACHINE_DIFFERENCES } from '../../sandbox/differences.ts';
import { replicaConfiguration, replicaMachine } from './examples.ts';

const components = replicaComponents(replicaMachine());
const argumentsOf = (name: string, from: readonly Component[] = components): readonly string[] => {
  const found = from.find((component) => component.name === name);
  if (found?.program.kind !== 'binary') throw new Error(`no program ${name}`);
  return found.program.arguments;
};
const names = (waves: readonly (readonly Component[])[]) => waves.map((wave) => wave.map((each) => each.name));

describe('Components of a replica', () => {
  test('start in waves: etcd and the KMS plugin, the API server, then all that talk to it', () => {
    expect(names(startWaves(components))).toEqual([
      ['kms-plugin', 'etcd'],
      ['kube-apiserver'],
      ['kube-controller-manager', 'kube-scheduler', 'aws-cloud-controller-manager', 'node-approver'],
    ]);
  });

  test('give each node the part of the pod range that admission counts with', () => {
    const machine = replicaMachine();
    const narrow = { ...machine, configuration: { ...machine.configuration, podCidr: '10.2.0.0/22' } };
    const flags = argumentsOf('kube-controller-manager', replicaComponents(narrow));
    expect(flags).toEqual(expect.arrayContaining(['--cluster-cidr=10.2.0.0/22', '--node-cidr-mask-size=26']));
    expect(argumentsOf('kube-controller-manager')).toContain('--node-cidr-mask-size=24');
  });

  test('stop against it, etcd last', () => {
    const waves = names(stopWaves(components));
    expect(waves[0]).toContain('kube-controller-manager');
    expect(waves[1]).toEqual(['kube-apiserver']);
    expect(waves[2]).toContain('etcd');
  });

  test('an API server that is told to stop serves on for longer than its load balancer takes to notice', () => {
    const [delay] = argumentsOf('kube-apiserver').flatMap(
      (argument) => /^--shutdown-delay-duration=(\d+)s$/.exec(argument)?.[1] ?? [],
    );
    const { intervalSeconds, timeoutSeconds, unhealthyThreshold } = API_SERVER_CHECK;
    // Every check until then begins one interval after the last; the first begins just before it is told.
    expect(Number(delay)).toBeGreaterThan(unhealthyThreshold * intervalSeconds + timeoutSeconds);
    expect(argumentsOf('kube-apiserver')).toEqual(
      expect.arrayContaining([
        '--shutdown-send-retry-after=true',
        expect.stringMatching(/^--shutdown-watch-termination-grace-period=\ds$/),
      ]),
    );
    const stop = components.find(({ name }) => name === 'kube-apiserver')?.stopSeconds ?? 0;
    // What is under way may take a minute more.
    expect(stop).toBeGreaterThanOrEqual(Number(delay) + 60);
  });

  test('the load balancer’s checks are some that AWS accepts', () => {
    const { intervalSeconds, timeoutSeconds, healthyThreshold, unhealthyThreshold } = API_SERVER_CHECK;
    expect(intervalSeconds).toBeGreaterThanOrEqual(5);
    expect(timeoutSeconds).toBeGreaterThanOrEqual(2);
    expect(timeoutSeconds).toBeLessThan(intervalSeconds);
    expect(Math.min(healthyThreshold, unhealthyThreshold)).toBeGreaterThanOrEqual(2);
  });

  test('the scheduler is ready when it can schedule, which its /healthz does not tell', () => {
    expect(components.find(({ name }) => name === 'kube-scheduler')?.probe?.path).toBe('/readyz');
  });

  test('components that wait for each other are refused by name', () => {
    expect(() =>
      startWaves([
        { name: 'a', after: ['b'] },
        { name: 'b', after: ['a'] },
      ]),
    ).toThrow(/a, b wait for each other/);
  });

  test('a new member is told all replicas, a joining one what its peers say', () => {
    expect(argumentsOf('etcd')).toContain('--initial-cluster-state=new');
    const joining = replicaComponents(
      replicaMachine({ etcd: { kind: 'join', initialCluster: 'x=https://10.0.1.10:2380' } }),
    );
    expect(argumentsOf('etcd', joining)).toEqual(
      expect.arrayContaining(['--initial-cluster-state=existing', '--initial-cluster=x=https://10.0.1.10:2380']),
    );
  });

  test('every port that a component is told to listen on is listed, so that it has a rule or needs none', () => {
    const listed = new Set([...replicaPorts, ...ownPorts].map((each) => each.port));
    const listening = components.flatMap((component) =>
      component.program.kind === 'binary'
        ? component.program.arguments.flatMap((argument) => {
            const port = /^--(?:secure-port|listen-\S+?-urls)=(?:.*:)?(\d+)$/.exec(argument)?.[1];
            return port === undefined ? [] : [Number(port)];
          })
        : [],
    );
    expect(new Set(listening)).toEqual(listed);
  });

  test('every certificate and key that an argument or file names is issued or an authority', () => {
    const issued = new Set(
      replicaCertificates(replicaConfiguration(), replicaMachine().addresses).flatMap((leaf) => [
        `${leaf.name}.crt`,
        `${leaf.name}.key`,
      ]),
    );
    for (const name of ['root-ca.crt', 'etcd-ca.crt', 'front-proxy-ca.crt', 'root-ca.key']) issued.add(name);
    for (const name of ['service-account.key', 'service-account.pub']) issued.add(name);
    const named = JSON.stringify(components).matchAll(/\/run\/pki\/([\w.-]+?\.(?:crt|key|pub))/g);
    for (const [, file = ''] of named) expect(issued).toContain(file);
  });

  test('the KMS provider comes before identity, so that what is written is encrypted', () => {
    const file = components.flatMap((each) => each.files).find((each) => each.path.endsWith('encryption.yaml'));
    const document = JSON.parse(file?.content ?? '') as { resources: { providers: object[] }[] };
    expect(document.resources[0]?.providers).toEqual([
      { kms: { apiVersion: 'v2', name: 'slipway', endpoint: 'unix:///run/kms.sock', timeout: '10s' } },
      { identity: {} },
    ]);
  });

  test('only health may be asked for without credentials', () => {
    const file = components.flatMap((each) => each.files).find((each) => each.path.endsWith('authentication.yaml'));
    expect(JSON.parse(file?.content ?? '')).toMatchObject({
      anonymous: { enabled: true, conditions: [{ path: '/readyz' }, { path: '/livez' }, { path: '/healthz' }] },
    });
  });

  test('the sandbox differs only where the table says so', () => {
    const sandbox = replicaComponents(replicaMachine({ differences: MACHINE_DIFFERENCES }));
    const changed = components.flatMap((component, index) =>
      component.program.kind === 'binary' && JSON.stringify(component) !== JSON.stringify(sandbox[index])
        ? argumentsOf(component.name, sandbox).filter((each) => !argumentsOf(component.name).includes(each))
        : [],
    );
    expect(changed).toEqual(['--endpoint-reconciler-type=none']);
  });

  test('the cloud controller tags what it makes with the cluster’s id under a key that IAM’s conditions can name', () => {
    const controller = components.find(({ name }) => name === 'aws-cloud-controller-manager');
    const { content } = controller?.files?.find(({ path }) => path.endsWith('cloud.conf')) ?? {};
    const { clusterId } = replicaConfiguration();
    // The controller refuses to start with two ids.
    expect(content?.split('\n')).toEqual(
      expect.arrayContaining([`KubernetesClusterID=${clusterId}`, `KubernetesClusterTag=${clusterId}`]),
    );
  });

  test("automatic approval is off: node certificates are the approver's to grant", () => {
    expect(argumentsOf('kube-controller-manager')).toContain(
      '--controllers=*,bootstrapsigner,tokencleaner,-certificatesigningrequest-approving-controller',
    );
  });
});

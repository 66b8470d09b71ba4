/**
 * CoreDNS: names of Services and Pods.
 *
 * Owns: its objects, after the ones that Kubernetes itself publishes. Two Services lead to it: `kube-dns`, at the address
 * that every kubelet hands to Pods, and `kube-dns-upstream`, which also answers before a node-local cache would.
 * Parameters: `image/coredns`, `version`, `clusterDnsAddress`, `clusterDomain`.
 */
import { CLUSTER_DOMAIN, clusterDnsOf } from '../machine/address.ts';
import {
  type Addon,
  CONFINED,
  clusterRole,
  clusterRoleBinding,
  clusterService,
  released,
  required,
  SYSTEM_NAMESPACE,
  serviceAccount,
} from './manifest.ts';

const SELECTOR = { 'k8s-app': 'kube-dns' } as const;

const corefile = (domain: string): string => `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes ${domain} in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;

const service = (name: string, shownAs: string, clusterIP: string | undefined) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: SYSTEM_NAMESPACE, labels: { ...SELECTOR, ...clusterService(shownAs) } },
  spec: {
    selector: SELECTOR,
    ...(clusterIP === undefined ? {} : { clusterIP }),
    // The port that `kubectl cluster-info` names is the first one.
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 'dns' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 'dns-tcp' },
      { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 'metrics' },
    ],
  },
});

const deployment = (image: string, version: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'coredns',
    namespace: SYSTEM_NAMESPACE,
    labels: { ...SELECTOR, 'app.kubernetes.io/version': version },
  },
  spec: {
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    selector: { matchLabels: SELECTOR },
    template: {
      metadata: { labels: SELECTOR },
      spec: {
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: 'coredns',
        // Its upstream is the machine's resolver, not itself.
        dnsPolicy: 'Default',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
        securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'topology.kubernetes.io/zone',
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: SELECTOR },
          },
        ],
        containers: [
          {
            name: 'coredns',
            image,
            imagePullPolicy: 'IfNotPresent',
            args: ['-conf', '/etc/coredns/Corefile'],
            resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
            ports: [
              { name: 'dns', containerPort: 53, protocol: 'UDP' },
              { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
              { name: 'metrics', containerPort: 9153, protocol: 'TCP' },
            ],
            livenessProbe: {
              httpGet: { path: '/health', port: 8080, scheme: 'HTTP' },
              initialDelaySeconds: 60,
              timeoutSeconds: 5,
              failureThreshold: 5,
            },
            readinessProbe: { httpGet: { path: '/ready', port: 8181, scheme: 'HTTP' } },
            securityContext: { ...CONFINED, capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] } },
            volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
          },
        ],
        volumes: [{ name: 'config', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } }],
      },
    },
  },
});

export const coredns: Addon = {
  name: 'coredns',
  parameters: ({ spec: { networking } }, { addons: { coredns: its } }) =>
    its && {
      ...released(its),
      clusterDnsAddress: clusterDnsOf(networking.serviceAddressCIDRBlocks[0] ?? ''),
      clusterDomain: CLUSTER_DOMAIN,
    },
  objects: (parameters) => [
    serviceAccount(SYSTEM_NAMESPACE, 'coredns'),
    clusterRole('system:coredns', [
      { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ]),
    clusterRoleBinding('system:coredns', 'system:coredns', {
      kind: 'ServiceAccount',
      name: 'coredns',
      namespace: SYSTEM_NAMESPACE,
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'coredns', namespace: SYSTEM_NAMESPACE },
      data: { Corefile: corefile(required(parameters, 'clusterDomain')) },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'coredns', namespace: SYSTEM_NAMESPACE },
      spec: { maxUnavailable: 1, selector: { matchLabels: SELECTOR } },
    },
    service('kube-dns', 'CoreDNS', required(parameters, 'clusterDnsAddress')),
    service('kube-dns-upstream', 'KubeDNSUpstream', undefined),
    deployment(required(parameters, 'image/coredns'), required(parameters, 'version')),
  ],
};

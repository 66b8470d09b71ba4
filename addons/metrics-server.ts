/**
 * metrics-server: what `kubectl top` and autoscalers of Pods read.
 *
 * Owns: its objects, after the ones that its project publishes. Parameters: `image/metrics-server`, `version`, and
 * `apiService`: `false` leaves out the APIService, where Pods are only played. An APIService that no Pod stands behind
 * would stall the deletion of every namespace.
 */
import {
  type Addon,
  CONFINED,
  clusterRole,
  clusterRoleBinding,
  clusterService,
  released,
  required,
  roleBinding,
  SYSTEM_NAMESPACE,
  serviceAccount,
} from './manifest.ts';

const SELECTOR = { 'k8s-app': 'metrics-server' } as const;
const ACCOUNT = { kind: 'ServiceAccount', name: 'metrics-server', namespace: SYSTEM_NAMESPACE } as const;

const apiService = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.metrics.k8s.io' },
  spec: {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    // It serves with a certificate that it makes for itself at each start.
    insecureSkipTLSVerify: true,
    service: { name: 'metrics-server', namespace: SYSTEM_NAMESPACE },
  },
};

const probe = (path: string) => ({
  httpGet: { path, port: 'https', scheme: 'HTTPS' },
  periodSeconds: 10,
  failureThreshold: 3,
});

const deployment = (image: string, version: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'metrics-server',
    namespace: SYSTEM_NAMESPACE,
    labels: { ...SELECTOR, 'app.kubernetes.io/version': version },
  },
  spec: {
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } },
    selector: { matchLabels: SELECTOR },
    template: {
      metadata: { labels: SELECTOR },
      spec: {
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: 'metrics-server',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
        securityContext: { seccompProfile: { type: 'RuntimeDefault' }, runAsNonRoot: true, runAsUser: 1000 },
        containers: [
          {
            name: 'metrics-server',
            image,
            imagePullPolicy: 'IfNotPresent',
            args: [
              '--cert-dir=/tmp',
              '--secure-port=10250',
              // Serving certificates of nodes are signed by the cluster's own authority.
              '--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
              '--kubelet-preferred-address-types=InternalIP,Hostname,InternalDNS',
              '--kubelet-use-node-status-port',
              '--metric-resolution=15s',
            ],
            resources: { requests: { cpu: '100m', memory: '200Mi' } },
            ports: [{ name: 'https', containerPort: 10250, protocol: 'TCP' }],
            livenessProbe: probe('/livez'),
            readinessProbe: probe('/readyz'),
            securityContext: CONFINED,
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: {} }],
      },
    },
  },
});

export const metricsServer: Addon = {
  name: 'metrics-server',
  parameters: (_cluster, { addons: { 'metrics-server': its } }) => its && released(its),
  objects: (parameters) => [
    serviceAccount(SYSTEM_NAMESPACE, 'metrics-server'),
    clusterRole('system:metrics-server', [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ]),
    {
      ...clusterRole('system:aggregated-metrics-reader', [
        { apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ]),
      metadata: {
        name: 'system:aggregated-metrics-reader',
        labels: {
          'rbac.authorization.k8s.io/aggregate-to-view': 'true',
          'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
          'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
        },
      },
    },
    clusterRoleBinding('system:metrics-server', 'system:metrics-server', ACCOUNT),
    clusterRoleBinding('metrics-server:system:auth-delegator', 'system:auth-delegator', ACCOUNT),
    roleBinding(SYSTEM_NAMESPACE, 'metrics-server-auth-reader', 'extension-apiserver-authentication-reader', ACCOUNT),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'metrics-server',
        namespace: SYSTEM_NAMESPACE,
        labels: { ...SELECTOR, ...clusterService('Metrics-server') },
      },
      // The port has no name: `kubectl cluster-info` then prints `https:metrics-server:` and nothing behind the colon.
      spec: { selector: SELECTOR, ports: [{ port: 443, protocol: 'TCP', targetPort: 'https' }] },
    },
    ...(parameters['apiService'] === 'false' ? [] : [apiService]),
    deployment(required(parameters, 'image/metrics-server'), required(parameters, 'version')),
  ],
};

/**
 * The Connect agent: the connection from the cluster to GKE Hub, opened from inside.
 *
 * Owns: its namespace and objects. It only dials out, so it has no Service. Neighbour: `hub-membership` registers the
 * cluster that it speaks for. Parameters: `image/gke-connect-agent`, `version`, `membership` (its full name).
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import { membershipIn } from '../api/names.ts';
import {
  type Addon,
  type AddonParameters,
  CONFINED,
  clusterRole,
  clusterRoleBinding,
  released,
  required,
  role,
  roleBinding,
  serviceAccount,
} from './manifest.ts';

const NAMESPACE = 'gke-connect';
const NAME = 'gke-connect-agent';
const SELECTOR = { app: NAME } as const;
const ACCOUNT = { kind: 'ServiceAccount', name: 'connect-agent-sa', namespace: NAMESPACE } as const;

const membershipOf = (name: string): NonNullable<ReturnType<typeof membershipIn>> => {
  const parts = membershipIn(name);
  if (parts !== undefined) return parts;
  throw new Error(`"${name}" is not of the form projects/<project>/locations/<location>/memberships/<name>.`);
};

const deployment = (image: string, version: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: NAME, namespace: NAMESPACE, labels: { ...SELECTOR, 'app.kubernetes.io/version': version } },
  spec: {
    replicas: 1,
    selector: { matchLabels: SELECTOR },
    template: {
      metadata: { labels: SELECTOR },
      spec: {
        serviceAccountName: ACCOUNT.name,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        securityContext: { seccompProfile: { type: 'RuntimeDefault' }, runAsNonRoot: true, runAsUser: 1000 },
        containers: [
          {
            name: NAME,
            image,
            imagePullPolicy: 'IfNotPresent',
            envFrom: [{ configMapRef: { name: NAME } }],
            env: [{ name: 'MY_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            resources: { limits: { memory: '256Mi' }, requests: { cpu: '10m', memory: '64Mi' } },
            securityContext: CONFINED,
            volumeMounts: [
              { name: 'credentials', mountPath: '/etc/creds', readOnly: true },
              { name: 'tmp', mountPath: '/tmp' },
            ],
          },
        ],
        volumes: [
          // The service account key of the project's owner, if there is one; workload identity needs none.
          { name: 'credentials', secret: { secretName: 'creds-gcp', optional: true } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  },
});

const objects = (parameters: AddonParameters): readonly KubernetesObject[] => {
  const { project, location, id: membership } = membershipOf(required(parameters, 'membership'));
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    serviceAccount(NAMESPACE, ACCOUNT.name),
    // Requests that come through the hub are made as the users who sent them: the agent's own rights are to impersonate.
    clusterRole('gke-connect-agent', [
      { apiGroups: [''], resources: ['users', 'groups', 'serviceaccounts'], verbs: ['impersonate'] },
      { apiGroups: [''], resources: ['namespaces', 'nodes', 'pods'], verbs: ['get', 'list', 'watch'] },
      { nonResourceURLs: ['/version', '/healthz', '/readyz'], verbs: ['get'] },
    ]),
    clusterRoleBinding('gke-connect-agent', 'gke-connect-agent', ACCOUNT),
    role(NAMESPACE, NAME, [
      { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list', 'watch', 'create', 'update'] },
      { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch'] },
    ]),
    roleBinding(NAMESPACE, NAME, NAME, ACCOUNT),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: NAME, namespace: NAMESPACE },
      data: {
        PROJECT_ID: project,
        MEMBERSHIP_LOCATION: location,
        MEMBERSHIP_NAME: membership,
        GKE_CONNECT_ENDPOINT: 'gkeconnect.googleapis.com:443',
      },
    },
    deployment(required(parameters, 'image/gke-connect-agent'), required(parameters, 'version')),
  ];
};

export const connectAgent: Addon = {
  name: 'connect-agent',
  parameters: ({ spec: { controlPlane } }, { addons: { 'connect-agent': its } }) =>
    its && controlPlane.hub && { ...released(its), membership: controlPlane.hub.membershipName },
  objects,
  afterHub: true,
};

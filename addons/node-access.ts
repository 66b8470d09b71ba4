/**
 * Node access: who may do what so that machines become nodes, and nothing beyond.
 *
 * Owns: RBAC for bootstrap tokens, for the API server as a client of kubelets, for the node approver and for the AWS cloud
 * controller, which run on replicas under certificates of their own. Neighbours: `machine/certificates.ts` names those
 * identities. There are deliberately no bindings that approve certificates automatically: the node approver admits a
 * machine only if it is a live instance of its pool's group.
 */
import { NODE_SIGNERS } from '../machine/approval.ts';
import { CLOUD_CONTROLLER_USER, KUBELET_API_GROUP, NODE_APPROVER_USER } from '../machine/certificates.ts';
import { type Addon, clusterRole, clusterRoleBinding, roleBinding, SYSTEM_NAMESPACE } from './manifest.ts';

const CERTIFICATES = 'certificates.k8s.io';

/** It reads requests and gives verdicts on those of machines, and touches nothing else. */
const nodeApprover = [
  clusterRole('slipway:node-approver', [
    { apiGroups: [CERTIFICATES], resources: ['certificatesigningrequests'], verbs: ['get', 'list', 'watch', 'update'] },
    { apiGroups: [CERTIFICATES], resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
    { apiGroups: [CERTIFICATES], resources: ['signers'], resourceNames: NODE_SIGNERS, verbs: ['approve'] },
  ]),
  clusterRoleBinding('slipway:node-approver', 'slipway:node-approver', { kind: 'User', name: NODE_APPROVER_USER }),
];

/** The rules that cloud-provider-aws publishes for its controller manager. */
const cloudController = [
  clusterRole('system:cloud-controller-manager', [
    { apiGroups: [''], resources: ['nodes'], verbs: ['*'] },
    { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
    { apiGroups: [''], resources: ['services', 'services/status'], verbs: ['get', 'list', 'patch', 'update', 'watch'] },
    { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['create', 'get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    { apiGroups: [''], resources: ['persistentvolumes'], verbs: ['get', 'list', 'update', 'watch'] },
    { apiGroups: [''], resources: ['endpoints'], verbs: ['create', 'get', 'list', 'watch', 'update'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: ['create', 'get', 'list', 'watch', 'update'],
    },
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ]),
  clusterRoleBinding('system:cloud-controller-manager', 'system:cloud-controller-manager', {
    kind: 'User',
    name: CLOUD_CONTROLLER_USER,
  }),
  // It asks the API server who may see its figures; without this it answers everybody with an error of its own.
  clusterRoleBinding('slipway:cloud-controller-manager:auth-delegator', 'system:auth-delegator', {
    kind: 'User',
    name: CLOUD_CONTROLLER_USER,
  }),
  roleBinding(
    SYSTEM_NAMESPACE,
    'cloud-controller-manager:apiserver-authentication-reader',
    'extension-apiserver-authentication-reader',
    { kind: 'User', name: CLOUD_CONTROLLER_USER },
  ),
];

export const nodeAccess: Addon = {
  name: 'node-access',
  parameters: () => ({}),
  objects: () => [
    ...cloudController,
    ...nodeApprover,
    clusterRoleBinding('slipway:kubelet-api', 'system:kubelet-api-admin', { kind: 'Group', name: KUBELET_API_GROUP }),
    clusterRoleBinding('slipway:node-bootstrapper', 'system:node-bootstrapper', {
      kind: 'Group',
      name: 'system:bootstrappers',
    }),
  ],
};

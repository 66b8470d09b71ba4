/**
 * Ports: on which ports a machine's components listen, and who may connect.
 *
 * Owns: the one list from which security-group rules are derived: an entry of `replicaPorts` or `nodePorts` is one rule,
 * and a port in `ownPorts` or `ownNodePorts` has none. Egress is open everywhere.
 * Neighbours: `components.ts` takes the numbers from here, so that nothing listens without being listed; `topology/`
 * turns each entry into one rule and says which group or address range a peer stands for.
 */

/** Who connects. Pods dial from the nodes' addresses. */
export type Peer = 'replicas' | 'nodes' | 'load-balancer';

export type Port = {
  readonly component: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly from: Peer;
  readonly description: string;
};

export const API_SERVER_PORT = 6443;
export const ETCD_CLIENT_PORT = 2379;
export const ETCD_PEER_PORT = 2380;
export const ETCD_METRICS_PORT = 2381;
export const CONTROLLER_MANAGER_PORT = 10257;
export const CLOUD_CONTROLLER_PORT = 10258;
export const SCHEDULER_PORT = 10259;
export const KUBELET_PORT = 10250;
export const KUBELET_HEALTH_PORT = 10248;
export const PROXY_METRICS_PORT = 10249;
export const PROXY_HEALTH_PORT = 10256;

/** Rules of the control plane's security group. */
export const replicaPorts: readonly Port[] = [
  {
    component: 'kube-apiserver',
    port: API_SERVER_PORT,
    protocol: 'tcp',
    from: 'load-balancer',
    description: 'Kubernetes API: clients and health checks',
  },
  {
    component: 'kube-apiserver',
    port: API_SERVER_PORT,
    protocol: 'tcp',
    from: 'nodes',
    description: 'Kubernetes API: pods, by the address of a replica',
  },
  {
    component: 'etcd',
    port: ETCD_CLIENT_PORT,
    protocol: 'tcp',
    from: 'replicas',
    description: 'etcd clients: members that join or repair',
  },
  {
    component: 'etcd',
    port: ETCD_PEER_PORT,
    protocol: 'tcp',
    from: 'replicas',
    description: 'etcd peers',
  },
];

/**
 * Rules of the node pools' security group. Node ports have none here: the cloud controller opens those of a
 * load balancer's Service, and no others.
 */
export const nodePorts: readonly Port[] = [
  {
    component: 'kubelet',
    port: KUBELET_PORT,
    protocol: 'tcp',
    from: 'replicas',
    description: 'kubelet: logs, exec and port forwarding',
  },
  {
    component: 'kubelet',
    port: KUBELET_PORT,
    protocol: 'tcp',
    from: 'nodes',
    description: 'kubelet: resource metrics for metrics-server',
  },
];

/**
 * Ports of a node that have no rule: what only the node itself uses, and the health of its proxy, which the cloud controller opens
 * to the load balancers that it makes.
 */
export const ownNodePorts: readonly { readonly component: string; readonly port: number }[] = [
  { component: 'kubelet', port: KUBELET_HEALTH_PORT },
  { component: 'kube-proxy', port: PROXY_METRICS_PORT },
  { component: 'kube-proxy', port: PROXY_HEALTH_PORT },
];

/** Ports of a replica that only the replica itself uses: they have no rule. */
export const ownPorts: readonly { readonly component: string; readonly port: number }[] = [
  { component: 'etcd', port: ETCD_METRICS_PORT },
  { component: 'kube-controller-manager', port: CONTROLLER_MANAGER_PORT },
  { component: 'aws-cloud-controller-manager', port: CLOUD_CONTROLLER_PORT },
  { component: 'kube-scheduler', port: SCHEDULER_PORT },
];

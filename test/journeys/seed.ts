/**
 * The seed: what a user of the original product typed and saw, literally, and a reader that forgets what differs from one
 * cluster to the next.
 *
 * Owns: the transcripts, word for word, and which of their words are chance: ids, ages, hashes. Neighbours: the manifest
 * is `test/fixtures/cluster-0.yaml`.
 */

export const MANIFEST_SHA256 = 'f72f153dd7c0b16576ced8e96d7e2558505fd135feca506e44a0961e6a307ae5';

export const APPLIED = `
awscluster.multicloud.cluster.gke.io/cluster-0 created
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-0 created
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-1 created
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-2 created
`;

export const PROVISIONING = `
NAME                                             STATE          AGE   VERSION         ENDPOINT
awscluster.multicloud.cluster.gke.io/cluster-0   Provisioning   22s   1.16.9-gke.12   gke-dfccaa67-controlplane-f26573d5bef4bba0.elb.eu-west-1.amazonaws.com

NAME                                                     CLUSTER     STATE          AGE   VERSION
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-0   cluster-0   Provisioning   22s   1.16.9-gke.12
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-1   cluster-0   Provisioning   22s   1.16.9-gke.12
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-2   cluster-0   Provisioning   22s   1.16.9-gke.12
`;

export const EVENTS = `
LAST SEEN   TYPE     REASON                        OBJECT                         MESSAGE
4m56s       Normal   StartedNodePoolProvisioning   awsnodepool/cluster-0-pool-0   Started node pool provisioning
4m45s       Normal   CreatedLaunchTemplate         awsnodepool/cluster-0-pool-0   Created launch template named "gke-dfccaa67-nodepool-3125db34-1.16.9-gke.12"
4m41s       Normal   CreatedAutoScalingGroup       awsnodepool/cluster-0-pool-0   Created auto scaling group named "gke-dfccaa67-nodepool-3125db34"
4m56s       Normal   StartedNodePoolProvisioning   awsnodepool/cluster-0-pool-1   Started node pool provisioning
4m44s       Normal   CreatedLaunchTemplate         awsnodepool/cluster-0-pool-1   Created launch template named "gke-dfccaa67-nodepool-fdca9ec5-1.16.9-gke.12"
4m40s       Normal   CreatedAutoScalingGroup       awsnodepool/cluster-0-pool-1   Created auto scaling group named "gke-dfccaa67-nodepool-fdca9ec5"
4m56s       Normal   StartedNodePoolProvisioning   awsnodepool/cluster-0-pool-2   Started node pool provisioning
4m43s       Normal   CreatedLaunchTemplate         awsnodepool/cluster-0-pool-2   Created launch template named "gke-dfccaa67-nodepool-76e54252-1.16.9-gke.12"
4m38s       Normal   CreatedAutoScalingGroup       awsnodepool/cluster-0-pool-2   Created auto scaling group named "gke-dfccaa67-nodepool-76e54252"
4m56s       Normal   CreatingCluster               awscluster/cluster-0           Cluster version 1.16.9-gke.12 is being created
4m52s       Normal   TagSubnets                    awscluster/cluster-0           Tagged subnets ["subnet-08fdd9360320f5f27" "subnet-03babff7f9b5d4a7b" "subnet-072949cee3d082184" "subnet-06efa94e317c13730" "subnet-03808c78800c82a9d" "subnet-07b471ccadb908e9b"] with tags map["kubernetes.io/cluster/gke-dfccaa67":"shared"]
4m51s       Normal   CreatedSecurityGroup          awscluster/cluster-0           Created security group named "gke-dfccaa67-controlplane"
4m51s       Normal   CreatedSecurityGroup          awscluster/cluster-0           Created security group named "gke-dfccaa67-nodepool"
4m51s       Normal   CreatedEtcdVolume             awscluster/cluster-0           Created etcd volume on replica 0
4m50s       Normal   CreatedEtcdVolume             awscluster/cluster-0           Created etcd volume on replica 1
4m50s       Normal   CreatedEtcdVolume             awscluster/cluster-0           Created etcd volume on replica 2
4m50s       Normal   CreatedNetworkLoadBalancer    awscluster/cluster-0           Created network load balancer named "gke-dfccaa67-controlplane"
4m49s       Normal   CreatedTargetGroup            awscluster/cluster-0           Created target group named "gke-dfccaa67-controlplane"
4m48s       Normal   CreatedNetworkInterface       awscluster/cluster-0           Created network interface on replica 0
4m48s       Normal   CreatedNetworkInterface       awscluster/cluster-0           Created network interface on replica 1
4m47s       Normal   CreatedNetworkInterface       awscluster/cluster-0           Created network interface on replica 2
4m47s       Normal   CreatedListener               awscluster/cluster-0           Created listener on load balancer with ARN "arn:aws:elasticloadbalancing:eu-west-1:0123456789012:loadbalancer/net/gke-dfccaa67-controlplane/f26573d5bef4bba0"
4m46s       Normal   CreatedLaunchTemplate         awscluster/cluster-0           Created launch template named "gke-dfccaa67-controlplane-0-1.16.9-gke.12"
4m46s       Normal   CreatedLaunchTemplate         awscluster/cluster-0           Created launch template named "gke-dfccaa67-controlplane-1-1.16.9-gke.12"
4m46s       Normal   CreatedLaunchTemplate         awscluster/cluster-0           Created launch template named "gke-dfccaa67-controlplane-2-1.16.9-gke.12"
4m43s       Normal   CreatedAutoScalingGroup       awscluster/cluster-0           Created auto scaling group named "gke-dfccaa67-controlplane-0"
4m42s       Normal   CreatedAutoScalingGroup       awscluster/cluster-0           Created auto scaling group named "gke-dfccaa67-controlplane-1"
4m41s       Normal   CreatedAutoScalingGroup       awscluster/cluster-0           Created auto scaling group named "gke-dfccaa67-controlplane-2"
0s          Normal   RegisteredGKEHubMembership    awscluster/cluster-0           Registered to GKE Hub using membership "projects/jetstack-anthos/locations/global/memberships/cluster-0"
0s          Normal   AddonsApplied                 awscluster/cluster-0           Addons applied for version 1.16.9-gke.12
0s          Normal   InstalledGKEHubAgent          awscluster/cluster-0           Installed GKE Hub agent
0s          Normal   ClusterProvisioned            awscluster/cluster-0           Cluster version 1.16.9-gke.12 has been provisioned
0s          Normal   ProvisionedNodePool           awsnodepool/cluster-0-pool-1   Node pool provisioned
0s          Normal   ProvisionedNodePool           awsnodepool/cluster-0-pool-2   Node pool provisioned
0s          Normal   ProvisionedNodePool           awsnodepool/cluster-0-pool-0   Node pool provisioned
`;

/** The first of the three pools is to have a node more, and then as few as one. */
export const RESIZE = [
  `kubectl patch AWSNodePool cluster-0-pool-0 --type=json -p='[{"op": "replace", "path": "/spec/minNodeCount", "value": 4}]'`,
  `kubectl patch AWSNodePool cluster-0-pool-0 --type=json -p='[{"op": "replace", "path": "/spec/minNodeCount", "value": 1}]'`,
] as const;

export const PATCHED = `
awsnodepool.multicloud.cluster.gke.io/cluster-0-pool-0 patched
`;

export const RESIZING = `
NAME               CLUSTER     STATE         AGE   VERSION
cluster-0-pool-0   cluster-0   Resizing      38m   1.16.9-gke.12
cluster-0-pool-1   cluster-0   Provisioned   38m   1.16.9-gke.12
cluster-0-pool-2   cluster-0   Provisioned   38m   1.16.9-gke.12
`;

export const TEN_NODES = `
NAME                                       STATUS   ROLES    AGE   VERSION
ip-10-0-1-172.eu-west-1.compute.internal   Ready    <none>   35m   v1.16.9-gke.12
ip-10-0-1-204.eu-west-1.compute.internal   Ready    <none>   35m   v1.16.9-gke.12
ip-10-0-1-59.eu-west-1.compute.internal    Ready    <none>   34m   v1.16.9-gke.12
ip-10-0-1-78.eu-west-1.compute.internal    Ready    <none>   53s   v1.16.9-gke.12
ip-10-0-2-92.eu-west-1.compute.internal    Ready    <none>   35m   v1.16.9-gke.12
ip-10-0-2-93.eu-west-1.compute.internal    Ready    <none>   35m   v1.16.9-gke.12
ip-10-0-2-94.eu-west-1.compute.internal    Ready    <none>   35m   v1.16.9-gke.12
ip-10-0-3-139.eu-west-1.compute.internal   Ready    <none>   34m   v1.16.9-gke.12
ip-10-0-3-192.eu-west-1.compute.internal   Ready    <none>   35m   v1.16.9-gke.12
ip-10-0-3-208.eu-west-1.compute.internal   Ready    <none>   34m   v1.16.9-gke.12
`;

/** What kubectl calls the "Kubernetes master" today; its hint about `dump` is not the seed's. */
export const CLUSTER_INFO = `
Kubernetes control plane is running at https://gke-dfccaa67-controlplane-f26573d5bef4bba0.elb.eu-west-1.amazonaws.com
CoreDNS is running at https://gke-dfccaa67-controlplane-f26573d5bef4bba0.elb.eu-west-1.amazonaws.com/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy
KubeDNSUpstream is running at https://gke-dfccaa67-controlplane-f26573d5bef4bba0.elb.eu-west-1.amazonaws.com/api/v1/namespaces/kube-system/services/kube-dns-upstream:dns/proxy
Metrics-server is running at https://gke-dfccaa67-controlplane-f26573d5bef4bba0.elb.eu-west-1.amazonaws.com/api/v1/namespaces/kube-system/services/https:metrics-server:/proxy
`;

/** The lines of a transcript without what is chance, and without the widths of columns. */
export const normalised = (transcript: string): readonly string[] =>
  transcript
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) =>
      line
        .replaceAll(/gke-[0-9a-f]{8}\b/g, 'gke-<cluster>')
        .replaceAll(/nodepool-[0-9a-f]{8}\b/g, 'nodepool-<pool>')
        .replaceAll(/(controlplane[-/])[0-9a-f]{16}\b/g, '$1<hash>')
        .replaceAll(/(^|\s)(\d+[dhms])+(?=\s)/g, '$1<age>')
        // The network is the sandbox's, and the address whichever was free; the subnet is the pool's.
        .replaceAll(/\bip-\d+-\d+-(\d+)-\d+\./g, 'ip-<network>-$1-<address>.')
        // A node says which Kubernetes its kubelet is, and kubelets that call themselves after the version asked for were Google's.
        .replaceAll(/\s\s+v\d+\.\d+\.\d+(-gke\.\d+)?$/g, '  v<Kubernetes>')
        .replaceAll(/\s{2,}/g, '  '),
    );

/** As `normalised`, in an order of its own: what happens at the same time has none. */
export const normalisedRows = (transcript: string): readonly string[] => {
  const [header = '', ...rows] = normalised(transcript);
  return [header, ...rows.sort()];
};

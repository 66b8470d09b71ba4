/**
 * Differences: the one table of where the sandbox is not like AWS and real machines.
 *
 * Owns: saying so, each with its reason, and what machines are told because of it. Whoever adds a difference adds a row; whoever
 * doubts what a green test proves reads here, or `docs/sandbox.md`, which `docs/generate/` makes of it. Neighbours: what `where`
 * names makes the difference; `machine/` renders what a row has under `machine`.
 */
import type { Differences } from '../machine/component.ts';

export type Difference = {
  readonly subject: string;
  readonly onAws: string;
  readonly inSandbox: string;
  readonly because: string;
  /** Files and folders that make it. */
  readonly where: readonly string[];
  /** How a machine's components are told otherwise. */
  readonly machine?: Differences;
  /** What AWS would refuse of Slipway's calls for no other reason: a rule of `test/judge/`, and the values in question. */
  readonly refused?: readonly { readonly rule: string; readonly value: RegExp }[];
};

export const DIFFERENCES: readonly Difference[] = [
  {
    subject: 'The account',
    onAws: 'survives everything',
    inSandbox: 'lives in the memory of the part `aws`; when that ends, `up` begins anew',
    because: 'moto keeps nothing on disk',
    where: ['sandbox/aws', 'sandbox/supervisor'],
  },
  {
    subject: 'The number of the account',
    onAws: 'twelve digits; AWS refuses an ARN with more',
    inSandbox: 'thirteen, as in the manifest of the original system',
    because: 'that manifest applies as it stands',
    where: ['sandbox/layout.ts'],
    refused: [{ rule: 'names.account', value: /^\d{13}$/ }],
  },
  {
    subject: 'Network',
    onAws: '10.0.0.0/16 in the VPC, routed and filtered by security groups',
    inSandbox:
      '127.N.0.0/16 on loopback; security groups filter what goes to a load balancer and from it to its targets, and nothing else',
    because: 'no root, no network namespaces',
    where: ['sandbox/layout.ts'],
    // AWS takes no such address for a target.
    refused: [{ rule: 'target.address', value: /^127\./ }],
  },
  {
    subject: 'Images',
    onAws: 'AMIs, each known by eight or seventeen hexadecimal digits',
    inSandbox:
      'named by the version that they would hold, and never booted; there are those whose programs the sandbox has, and with `--stub` all',
    because: 'machines are processes of this computer',
    where: ['api/releases.ts', 'sandbox/aws/images.ts', 'sandbox/aws/moto_semantics/images.py'],
    refused: [{ rule: 'names.id', value: /^ami-slipway-/ }],
  },
  {
    subject: 'Instances',
    onAws: 'virtual machines that boot an image; a host of the agent runs components as units of systemd',
    inSandbox: 'one process group each; the agent supervises the same components as processes',
    because: 'no hypervisor, no containers',
    where: ['sandbox/instances', 'sandbox/machine'],
  },
  {
    subject: 'Instance metadata',
    onAws: 'http://169.254.169.254, hop limit 1',
    inSandbox: 'http://<private address>:1338, reachable by every process of this computer',
    because: 'link-local addresses need root',
    where: ['sandbox/instances'],
  },
  {
    subject: 'Volumes',
    onAws: 'block devices with a file system',
    inSandbox:
      "a folder each; EBS's limits of size, iops and throughput hold, and nothing is any bigger or faster by them",
    because: 'block devices need root',
    where: ['sandbox/instances', 'sandbox/machine'],
  },
  {
    subject: 'A network interface that was detached',
    onAws: 'takes its address with it: whoever dials the machine there waits for an answer in vain',
    inSandbox:
      "so do load balancers and their checks; neighbours on this computer, such as etcd's other members, still reach it",
    because: 'every loopback address leads to every process that listens on it',
    where: ['sandbox/network/routes.ts'],
  },
  {
    subject: 'Load balancers',
    onAws: 'addresses of their own, port 443, names in DNS',
    inSandbox: 'their names and port 443 exist behind the proxy only',
    because: 'ordinary users bind no port below 1024 and change no DNS',
    where: ['sandbox/network'],
  },
  {
    subject: 'Interfaces of classic load balancers',
    onAws: 'one or more in each subnet, which outlive it by minutes and hold subnets and groups, as a network one’s do',
    inSandbox: 'none; those of network load balancers are there, and outlive them',
    because: 'who waits for the ones waits for the others by the same look',
    where: ['sandbox/aws/moto_semantics/balancer_views.py', 'sandbox/aws/moto_semantics/load_balancing.py'],
  },
  {
    subject: 'Whom a load balancer’s security groups let in',
    onAws: 'by the address and the groups of each client; who isn’t let in waits in vain',
    inSandbox: 'everybody, as soon as any rule covers the listener’s port; who isn’t let in is told so at once',
    because: 'all clients come from loopback, and a person who waits in vain learns nothing',
    where: ['sandbox/aws/moto_semantics/packet_filter.py', 'sandbox/network/balancers.ts'],
  },
  {
    subject: 'Health checks of targets',
    onAws:
      'as the target group says, from each zone by itself, and beside them passive ones, which nobody can count on',
    inSandbox: 'as the target group says, from one place; no passive ones',
    because: 'a load balancer here is one process',
    where: ['sandbox/network/health.ts'],
  },
  {
    subject: 'Connections to a target that turns unhealthy',
    onAws:
      'are reset with the next packet that their client sends, once it has drained as its group says, unless none is healthy',
    inSandbox: 'end without such a packet, under the same conditions',
    because: 'a packet is nothing that an ordinary user sees',
    where: ['sandbox/network/balancers.ts'],
  },
  {
    subject: 'A machine without power, before its end is known to EC2',
    onAws: 'answers nothing',
    inSandbox: 'refuses connections for some tenths of a second, then answers nothing',
    because: 'the kernel under its address lives on',
    where: ['sandbox/network/balancers.ts'],
  },
  {
    subject: 'How long a load balancer takes to know a target, and to forget one',
    onAws: 'minutes, which nobody promises',
    inSandbox: 'two minutes each way, or what SLIPWAY_REGISTRATION_SECONDS says; with SLIPWAY_PACE=quick 0.1 s',
    because: 'it is what people measured; and not everything is about availability',
    where: ['sandbox/pace.ts'],
  },
  {
    subject: 'How long a machine that was told to end may take',
    onAws: 'minutes, and hours in the worst case',
    inSandbox: 'five minutes, or what SLIPWAY_SHUTDOWN_SECONDS says; with SLIPWAY_PACE=quick a second',
    because: 'a machine that hangs must be cut off while one still looks',
    where: ['sandbox/pace.ts'],
  },
  {
    subject: 'With SLIPWAY_PACE=quick: health checks',
    onAws: 'no oftener than every five seconds',
    inSandbox: 'every second, more often while a state may change, over kept connections; thresholds as asked',
    because: 'who waits for a cluster, in the demo, a bench or a test, asks about something else',
    where: ['sandbox/pace.ts', 'sandbox/network/health.ts'],
  },
  {
    subject: 'With `up --stub`: how long nothing is heard of a node before its control plane says so',
    onAws: '50 seconds',
    inSandbox: 'the same, or what SLIPWAY_NODE_GRACE_SECONDS says; with SLIPWAY_PACE=quick three seconds',
    because: 'who lets a machine hang asks what is done about it',
    where: ['sandbox/stub/node-lifecycle.ts', 'sandbox/pace.ts'],
  },
  {
    subject: 'How long everything else in AWS takes',
    onAws: 'seconds to minutes: a launch, a volume, a load balancer',
    inSandbox: 'tenths of a second, never none',
    because: 'each state is there to be met, and nothing depends on how long it lasts',
    where: ['sandbox/aws/moto_semantics/simulation.py'],
  },
  {
    subject: 'How soon what was just made is known everywhere',
    onAws:
      'after a second, or a minute, which nobody promises; until then who uses it may be told that it does not exist',
    inSandbox:
      'after two seconds, or what SLIPWAY_VISIBILITY_SECONDS says, and at once with SLIPWAY_PACE=quick: security groups, launch templates and their versions, and instance profiles, where they are used; describing shows them at once. A look that lags behind is a fault to be asked for (`fault unseen`)',
    because: 'a sandbox in which every look lags would be slow, and this way every use meets it',
    where: ['sandbox/aws/moto_semantics/visibility.py', 'sandbox/aws/moto_semantics/unseen.py', 'sandbox/pace.ts'],
  },
  {
    subject: 'A volume under a KMS key that can’t be used',
    onAws: 'is answered for, and then ends in `error` or is gone; which of both is documented nowhere',
    inSandbox:
      'ends in `error` where the key is there, and is gone where it isn’t; grants and key policies are not looked at',
    because: 'who waits for a volume must bear both',
    where: ['sandbox/aws/moto_semantics/volumes.py'],
  },
  {
    subject: 'Quotas',
    onAws: 'some dozens for each service, each of which ends a call that goes beyond it',
    inSandbox:
      'processors, auto scaling groups, network load balancers, target groups, security groups, their rules and those of an interface; the others are not counted',
    because: 'a cluster meets these; the account is one for which AWS raised those that end at fifty clusters',
    where: ['sandbox/aws/moto_semantics/quotas.py'],
  },
  {
    subject: 'Tags of keys, roles and instance profiles',
    onAws: 'of load balancing’s characters, fifty at most',
    inSandbox: 'not looked at, unlike those of EC2, Auto Scaling and load balancing',
    because: 'Slipway tags none of them',
    where: ['sandbox/aws/moto_semantics/tag_rules.py'],
  },
  {
    subject: 'Signatures of calls',
    onAws: 'each is looked at',
    inSandbox: 'only those of presigned calls of STS, and there only of keys that STS or IAM made here',
    because: 'who may call is no question of this account; who somebody proves to be is',
    where: ['sandbox/aws/moto_semantics/presigned.py'],
  },
  {
    subject: 'Tokens for roles (AssumeRoleWithWebIdentity)',
    onAws:
      'of any algorithm and condition that IAM knows; an issuer’s certificate may also be one that AWS trusts by itself',
    inSandbox:
      'RS256 and ES256, StringEquals and StringLike, and a certificate that the provider’s thumbprint names; everything else is refused',
    because: 'that is what clusters use',
    where: ['sandbox/aws/moto_semantics/web_identity.py'],
  },
  {
    subject: 'How often a volume may be changed',
    onAws: 'once in six hours, and the change takes from minutes to hours',
    inSandbox: 'at any time, and at once',
    because: 'nothing depends on it but patience',
    where: ['sandbox/aws/moto_semantics/volumes.py'],
  },
  {
    subject: 'How a launch template is tried out when a group is made',
    onAws: 'Auto Scaling tries it by a dry run of RunInstances, with the rights of whoever asks',
    inSandbox:
      'key pair, image, instance profile, security groups, architecture and disks are looked at; rights are not',
    because: 'moto knows no rights',
    where: ['sandbox/aws/moto_semantics/launch_checks.py', 'sandbox/aws/moto_semantics/template_trial.py'],
  },
  {
    subject: 'Snapshots in S3',
    onAws: 'encrypted under the KMS key that they are sent with, and kept for as long as the bucket is',
    inSandbox:
      'that they are to be encrypted is noted and nothing more; the bucket slipway-snapshots goes with the account',
    because: 'moto keeps all in its memory, and as it came',
    where: ['sandbox/aws', 'sandbox/aws/account.ts'],
  },
  {
    subject: 'Who asks for metadata',
    onAws: 'only the instance itself can',
    inSandbox: 'every process of this computer, for every instance',
    because: 'all connections on loopback come from 127.0.0.1',
    where: ['sandbox/instances/metadata.ts'],
  },
  {
    subject: 'Private DNS',
    onAws: 'ip-10-0-1-7.eu-west-1.compute.internal resolves inside the VPC',
    inSandbox: 'names of instances resolve nowhere; components use addresses',
    because: 'there is no resolver of our own',
    where: ['sandbox/instances'],
  },
  {
    subject: 'Endpoints of the API server',
    onAws: 'kept in default/kubernetes by the lease reconciler',
    inSandbox: '--endpoint-reconciler-type=none',
    because: 'Kubernetes refuses loopback addresses in Endpoints',
    where: ['sandbox/differences.ts', 'sandbox/management'],
    machine: { endpointReconciler: 'none' },
  },
  {
    subject: "From where etcd's members are seen to dial each other",
    onAws: 'their own addresses, which their certificates name',
    inSandbox: '127.0.0.1, which their certificates name, too',
    because: 'every connection on loopback comes from there, whatever address its program listens on',
    where: ['sandbox/differences.ts'],
    machine: { peerSourceAddresses: ['127.0.0.1'] },
  },
  {
    subject: 'Where the cloud controller finds AWS and its machine’s metadata',
    onAws: 'where both always are',
    inSandbox: 'where the agent’s own variables say: AWS_ENDPOINT_URL, AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_REGION',
    because: 'account and metadata service have addresses of this sandbox',
    where: ['sandbox/differences.ts', 'sandbox/instances/power.ts'],
    machine: { inheritedEnvironment: ['AWS_ENDPOINT_URL', 'AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_REGION'] },
  },
  {
    subject: 'What a node runs',
    onAws: 'containerd, kubelet and kube-proxy, as `machine/` describes them',
    inSandbox:
      'the kubelet is played, and does what its description says: certificates, Node, Lease, CSINode; runtime and proxy are not there',
    because: 'no containers, and no rules of the kernel for Services',
    where: ['sandbox/kubelet', 'sandbox/machine'],
  },
  {
    subject: 'What a node has',
    onAws: 'what its kubelet measures',
    inSandbox: 'what the name of its instance type says: processors and memory, and how many volumes it can attach',
    because: 'the computer under it is another one',
    where: ['sandbox/kubelet/capacity.ts'],
  },
  {
    subject: 'The driver of volumes on a node',
    onAws: 'is registered by its Pod; a volume is in use until the kubelet has unmounted it',
    inSandbox:
      'is registered as soon as the cluster has its CSIDriver; a volume is in use until its Pod has ended or gone',
    because: 'no Pod runs, and nothing is mounted',
    where: ['sandbox/kubelet/storage.ts'],
  },
  {
    subject: 'Versions that a machine can run',
    onAws: 'those of its image',
    inSandbox:
      'those of today’s release, of etcd one before it, and those of the releases that the sandbox was begun with (`up --release`)',
    because: 'each takes minutes to build; a machine that is told another says which there are',
    where: ['sandbox/machine/programs.ts', 'sandbox/tools'],
  },
  {
    subject: 'With `up --stub`: how an API server leaves',
    onAws: 'it serves on until its load balancer has noticed, and ends its watches and requests in order',
    inSandbox:
      'the same without the order; with SLIPWAY_PACE=quick after three seconds. A machine that ends takes no leave',
    because: 'load balancers check more often there, and nobody watches',
    where: ['sandbox/stub/serving.ts', 'sandbox/pace.ts'],
  },
  {
    subject: 'With `up --stub`: how agents look for orders',
    onAws: 'each reads the tags of its own volume',
    inSandbox: 'one listing of all volumes that have such tags, for all of them',
    because: 'hundreds of clusters would ask a hundred times a second for what nobody has said',
    where: ['sandbox/stub/orders.ts'],
  },
  {
    subject: 'With `up --stub`: what another version changes',
    onAws: 'kinds, fields, defaults, and how all that is stored',
    inSandbox:
      'what `/version` says, emulation among it, and whether etcd starts on what its members have agreed to store by',
    because: 'a control plane there is a memory, and who upgrades many of them asks in which order',
    where: ['sandbox/stub/programs.ts'],
  },
  {
    subject: 'Pods',
    onAws: 'run in containers under kubelet',
    inSandbox: 'kwok sets their status; nothing runs; logs and exec answer nothing',
    because: 'no containers',
    where: ['sandbox/pods'],
  },
  {
    subject: 'Who plays the pods',
    onAws: "each node's kubelet, with the rights of its node",
    inSandbox: 'one kwok a cluster, as a member of system:masters, with a certificate that the sandbox issues itself',
    because: "kwok is the sandbox's and not the cluster's: no RBAC object in the cluster speaks of it",
    where: ['sandbox/pods/kubeconfig.ts'],
  },
  {
    subject: 'An agent that fails as soon as it starts',
    onAws: 'systemd starts it again on the same machine',
    inSandbox: 'its instance is reported terminated after five seconds, and its group puts another in its place',
    because: "the agent is the instance's first process",
    where: ['sandbox/instances/host.ts'],
  },
  {
    subject: 'metrics-server',
    onAws: 'Service, Deployment and APIService v1beta1.metrics.k8s.io',
    inSandbox: 'no APIService',
    because: 'its pods answer nothing, and an APIService that does not answer stalls the deletion of namespaces',
    where: ['activities/kubernetes'],
  },
  {
    subject: 'Management API',
    onAws: 'a whole, highly available Kubernetes cluster',
    inSandbox:
      'one etcd and one kube-apiserver without a controller-manager: deleted namespaces stay Terminating, owner references collect nothing, service accounts get no tokens by themselves',
    because: 'nothing of Slipway needs more, and it starts in seconds',
    where: ['sandbox/management'],
  },
  {
    subject: 'Temporal',
    onAws: 'a cluster with PostgreSQL',
    inSandbox: 'the dev server with a SQLite file, whose last writes a power cut may lose',
    because: 'it comes as one program',
    where: ['sandbox/supervisor/temporal.ts'],
  },
  {
    subject: 'GKE Hub',
    onAws: 'https://gkehub.googleapis.com with credentials of a service account',
    inSandbox: 'an emulator of memberships without authentication',
    because: 'no account with Google',
    where: ['sandbox/hub'],
  },
  {
    subject: 'Settling time after a deletion',
    onAws: '120 s',
    inSandbox: '3 s (SLIPWAY_SETTLE_SECONDS)',
    because: 'the account is consistent at once',
    where: ['sandbox/supervisor/environment.ts'],
  },
  {
    subject: 'How Slipway’s parts come to the management API',
    onAws: 'with their service accounts’ tokens, which a Pod has',
    inSandbox: 'as the same users, with client certificates; with the rights of deploy/rbac and no others, too',
    because: 'there are no Pods to mount a token into',
    where: ['sandbox/management/pki.ts'],
  },
  {
    subject: 'Credentials of the worker',
    onAws: 'a role from the default chain',
    inSandbox: 'a fixed access key that opens this account only',
    because: 'there is no instance under the worker',
    where: ['sandbox/supervisor/environment.ts'],
  },
];

/** What all rows together tell a machine's components: no two speak of the same. */
export const MACHINE_DIFFERENCES: Differences = Object.assign({}, ...DIFFERENCES.map(({ machine = {} }) => machine));

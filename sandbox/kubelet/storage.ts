/**
 * Storage: what the played kubelet says of volumes, so that they are attached to its machine, and not taken from under a pod.
 *
 * Owns: the machine's CSINode, with the driver of EBS once the cluster has that driver, and `volumesInUse` in its Node's status:
 * the volumes of pods that are here and have not ended. Neighbours: `node.ts` runs this for as long as the Node is there, with
 * which its CSINode goes; Kubernetes' own controller attaches, and detaches what is in use no more. On a real machine the
 * driver's Pod registers it with the kubelet. Invariant: I9.
 */
import { type Kubernetes, reasonOf } from '../../agent/kubernetes.ts';
import type { Log } from '../../agent/log.ts';
import { again, done, pause, persist } from '../../agent/persist.ts';
import type { Instance } from '../../machine/node.ts';
import { attachableVolumes } from './capacity.ts';
import type { RegisteredNode } from './node-object.ts';

const DRIVER = 'ebs.csi.aws.com';
const CSI_NODES = '/apis/storage.k8s.io/v1/csinodes';
const PACE = { firstMillis: 500, maxMillis: 5_000 };
/** As often as a kubelet looks at its status. */
const LOOK_MILLIS = 10_000;

/** What one call answers; undefined for what isn't there. */
const get = async <T>(kubernetes: Kubernetes, path: string): Promise<T | undefined> => {
  const answer = await kubernetes.call('GET', path);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(reasonOf(answer));
  return answer.body as T;
};

const change = async (kubernetes: Kubernetes, path: string, body: unknown): Promise<void> => {
  const answer = await kubernetes.call('PATCH', path, body);
  if (answer.status !== 200) throw new Error(reasonOf(answer));
};

/** The driver as it registers here: volumes attach to this instance, and only to machines of their own zone. */
const driverOn = (instance: Instance) => ({
  name: DRIVER,
  nodeID: instance.id,
  topologyKeys: ['kubernetes.io/os', 'topology.kubernetes.io/zone'],
  allocatable: { count: attachableVolumes(instance.type) },
});

type CsiNode = {
  readonly metadata: { readonly ownerReferences?: readonly { readonly uid: string }[] };
  readonly spec?: { readonly drivers?: readonly { readonly name: string }[] | null };
};

/** The machine's CSINode, made where it isn't there yet; undefined while one of an earlier machine of this name goes. */
const findOrMake = async (kubernetes: Kubernetes, { metadata }: RegisteredNode): Promise<CsiNode | undefined> => {
  const { name, uid } = metadata;
  const found = await get<CsiNode>(kubernetes, `${CSI_NODES}/${name}`);
  if (found !== undefined)
    return found.metadata.ownerReferences?.some((owner) => owner.uid === uid) ? found : undefined;
  const made = await kubernetes.call('POST', CSI_NODES, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
    spec: { drivers: [] },
  });
  if (made.status !== 201) throw new Error(reasonOf(made));
  return made.body as CsiNode;
};

export type Pod = {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: {
    readonly volumes?: readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
      readonly ephemeral?: object;
    }[];
  };
  readonly status?: { readonly phase?: string };
};

/** Paths of the claims whose volumes a pod holds: none once it has ended. */
export const claimsOf = ({ metadata, spec, status }: Pod): readonly string[] =>
  status?.phase === 'Succeeded' || status?.phase === 'Failed'
    ? []
    : (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
        const claim = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${metadata.name}-${name}`;
        return claim === undefined ? [] : [`/api/v1/namespaces/${metadata.namespace}/persistentvolumeclaims/${claim}`];
      });

/** A volume as a Node's status names it; undefined for a claim that is bound to none, or to one that no driver attaches. */
const volumeOf = async (kubernetes: Kubernetes, claim: string): Promise<string | undefined> => {
  const bound = await get<{ readonly spec: { readonly volumeName?: string } }>(kubernetes, claim);
  if (bound?.spec.volumeName === undefined) return undefined;
  const path = `/api/v1/persistentvolumes/${bound.spec.volumeName}`;
  type Volume = { readonly spec: { readonly csi?: { readonly driver: string; readonly volumeHandle: string } } };
  const csi = (await get<Volume>(kubernetes, path))?.spec.csi;
  return csi === undefined ? undefined : `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
};

/** Volumes of the pods that are on this machine. `known` has what each pod's claims were found to be: that stays as it is. */
const volumesInUse = async (
  kubernetes: Kubernetes,
  node: RegisteredNode,
  known: Map<string, string>,
): Promise<readonly string[]> => {
  const path = `/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node.metadata.name}`)}`;
  const pods = (await get<{ readonly items: readonly Pod[] }>(kubernetes, path))?.items ?? [];
  const held = new Map<string, string>();
  for (const pod of pods) {
    for (const claim of claimsOf(pod)) {
      const key = `${pod.metadata.uid} ${claim}`;
      const volume = known.get(key) ?? (await volumeOf(kubernetes, claim));
      if (volume !== undefined) held.set(key, volume);
    }
  }
  known.clear();
  for (const [key, volume] of held) known.set(key, volume);
  return [...new Set(held.values())].sort();
};

type Machine = { readonly instance: Instance; readonly log: Log };

/** What was said last, so that it is said again only when it is another. */
type Said = { hasDriver: boolean; readonly volumes: Map<string, string>; inUse: string | undefined };

const look = async ({ instance, log }: Machine, kubernetes: Kubernetes, node: RegisteredNode, said: Said) => {
  const { name } = node.metadata;
  const wanted = (await get(kubernetes, `/apis/storage.k8s.io/v1/csidrivers/${DRIVER}`)) !== undefined;
  if (wanted !== said.hasDriver) {
    const drivers = wanted ? [driverOn(instance)] : [{ $patch: 'delete', name: DRIVER }];
    await change(kubernetes, `${CSI_NODES}/${name}`, { spec: { drivers } });
    said.hasDriver = wanted;
    log.info(wanted ? `The driver ${DRIVER} is registered` : `The driver ${DRIVER} is registered no more`);
  }
  if (!wanted && said.inUse === undefined) return;
  const inUse = await volumesInUse(kubernetes, node, said.volumes);
  if (inUse.join() === said.inUse) return;
  await change(kubernetes, `/api/v1/nodes/${name}/status`, { status: { volumesInUse: inUse } });
  said.inUse = inUse.join();
};

/** Keeps CSINode and `volumesInUse` true until the signal is aborted. `kubernetes` is the client of the moment. */
export const keepStorage = async (
  machine: Machine,
  kubernetes: () => Kubernetes,
  node: RegisteredNode,
  signal: AbortSignal,
): Promise<void> => {
  const { log } = machine;
  const own = await persist({
    what: 'Registering what the node can attach',
    log,
    signal,
    pace: PACE,
    attempt: async () => {
      const found = await findOrMake(kubernetes(), node);
      return found === undefined ? again('the CSINode of an earlier machine of this name is still there') : done(found);
    },
  });
  const hasDriver = own.spec?.drivers?.some(({ name }) => name === DRIVER) ?? false;
  const said: Said = { hasDriver, volumes: new Map(), inUse: undefined };
  for (;;) {
    await persist({
      what: 'Saying which volumes are in use',
      log,
      signal,
      pace: PACE,
      attempt: async () => done(await look(machine, kubernetes(), node, said)),
    });
    await pause(LOOK_MILLIS, signal);
  }
};

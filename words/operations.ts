/**
 * Operations: what is done with a cluster or a node pool, a row each.
 *
 * Owns: the names, which are workflow types in Temporal and for ever; what an operation is for, what is shown of its object
 * meanwhile, and why it can't be aborted. Neighbours: `policy/` decides which is due, and makes its plan; `workflows/` have one
 * workflow a row; `policy/status.ts` shows it. Pure.
 */

/** Of one purpose and one generation of the spec is one order: what was aborted or skipped stays so, and nothing is superseded. */
export type Purpose =
  /** That what the spec asks for is there: created, changed, resized. */
  'make' | 'repair' | 'restore' | 'delete';

type Row = {
  readonly of: 'AWSCluster' | 'AWSNodePool';
  readonly purpose: Purpose;
  /** The object's `status.state` while it runs. */
  readonly state: 'Provisioning' | 'Updating' | 'Resizing' | 'Upgrading' | 'Repairing' | 'Deleting';
  /** Why a person can't abort it; any other is held until somebody resumes it. */
  readonly unabortable?: string;
  /** An abort takes back, in turns, what its turns brought; of any other what exists stays as it is. */
  readonly returns?: true;
  /** Its end says nothing of the object's: the next look does. Until then what is pinned stays pinned. */
  readonly endsInLook?: true;
};

const UNABORTABLE =
  'A deletion is not aborted: the object is going, and what is left would stay in the account. Pause holds it.';

const COMMITTED =
  'A commit is not aborted: what the newer minor has stored is lost on the older one without a word. Pause holds it between two replicas.';

const ROWS = {
  /** Until an object was provisioned once. */
  CreateCluster: { of: 'AWSCluster', purpose: 'make', state: 'Provisioning' },
  CreateNodePool: { of: 'AWSNodePool', purpose: 'make', state: 'Provisioning' },
  UpdateCluster: { of: 'AWSCluster', purpose: 'make', state: 'Updating' },
  UpdateNodePool: { of: 'AWSNodePool', purpose: 'make', state: 'Updating' },
  /** Another version of the control plane, one replica in each turn. */
  UpgradeCluster: { of: 'AWSCluster', purpose: 'make', state: 'Upgrading', returns: true, endsInLook: true },
  /** Another minor of etcd, by the same turns. */
  UpgradeEtcd: { of: 'AWSCluster', purpose: 'make', state: 'Upgrading', returns: true, endsInLook: true },
  /** From here on it serves as the newer minor, and there is no way back. */
  CommitUpgrade: { of: 'AWSCluster', purpose: 'make', state: 'Upgrading', endsInLook: true, unabortable: COMMITTED },
  /** What others changed of it since it was as its spec asks for is put right. */
  MendCluster: { of: 'AWSCluster', purpose: 'make', state: 'Updating' },
  MendNodePool: { of: 'AWSNodePool', purpose: 'make', state: 'Updating' },
  /** Only how many nodes there are changes. */
  ResizeNodePool: { of: 'AWSNodePool', purpose: 'make', state: 'Resizing' },
  /** Another version of its machines, some of them in each turn. */
  UpgradeNodePool: { of: 'AWSNodePool', purpose: 'make', state: 'Upgrading', returns: true },
  /** etcd of all replicas begins again with what a snapshot holds. */
  RestoreCluster: { of: 'AWSCluster', purpose: 'restore', state: 'Repairing' },
  /** One replica, in one turn. */
  RepairCluster: { of: 'AWSCluster', purpose: 'repair', state: 'Repairing' },
  /** One machine of a pool, in one turn. */
  RepairNodePool: { of: 'AWSNodePool', purpose: 'repair', state: 'Repairing' },
  DeleteCluster: { of: 'AWSCluster', purpose: 'delete', state: 'Deleting', unabortable: UNABORTABLE },
  DeleteNodePool: { of: 'AWSNodePool', purpose: 'delete', state: 'Deleting', unabortable: UNABORTABLE },
} as const satisfies Readonly<Record<string, Row>>;

export type OperationType = keyof typeof ROWS;

export const OPERATIONS: Readonly<Record<OperationType, Row>> = ROWS;

export const purposeOf = ({ type }: { readonly type: OperationType }): Purpose => OPERATIONS[type].purpose;

/** The workflow of an entity's operation: always the same, so that there is one at a time (I1). */
export const operationIdOf = (entityId: string): string => `${entityId}/operation`;

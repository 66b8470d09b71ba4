/**
 * kstatus: what `kubectl wait`-like tools, Flux, Argo CD's and kpt's readers make of an object that they know nothing special about.
 *
 * Owns: the library's generic rules, word for word, in its order: deletion, generation, Reconciling and Stalled as they come,
 * Ready, and else Current. Source: https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/status/generic.go and
 * `Compute` in `status.go` beside it; rules for built-in kinds are left out, since ours have none.
 */
export type KStatus = 'InProgress' | 'Failed' | 'Current' | 'Terminating';

type Judged = {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
};

export const kstatusOf = ({ metadata, status = {} }: Judged): KStatus => {
  const { observedGeneration, conditions = [] } = status;
  if (metadata.deletionTimestamp) return 'Terminating';
  const isObserved = metadata.generation === undefined || observedGeneration === undefined;
  if (!isObserved && observedGeneration !== metadata.generation) return 'InProgress';
  for (const { type, status: truth } of conditions) {
    if (type === 'Reconciling' && truth === 'True') return 'InProgress';
    if (type === 'Stalled' && truth === 'True') return 'Failed';
  }
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
};

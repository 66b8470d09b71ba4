/**
 * The management API server, as a kubeconfig file or a Pod's service account names it.
 *
 * Owns: what is said where none is named. Neighbour: `kubernetes/access.ts` finds the way.
 */
import { findAccess, transportTo } from '../../kubernetes/access.ts';
import { createClient, type KubernetesClient } from '../../kubernetes/client.ts';
import { wholeMessageOf } from '../../words/failure.ts';
import { type AroundCall, aroundKubernetes } from '../calls.ts';

const CURE = 'set KUBECONFIG to one that names the management API server';

/** Reads the kubeconfig at `file`, or of several as in `KUBECONFIG`, or, without one, what `kubectl` would use; inside a Pod, its service account. */
export const connectManagement = (file: string | undefined, aroundCall?: AroundCall): KubernetesClient => {
  const found = findAccess(file === undefined ? {} : { kubeconfig: file });
  const what = `The kubeconfig ${file ?? 'that kubectl would use'}`;
  switch (found.kind) {
    case 'access':
      return createClient(
        transportTo(found, aroundCall === undefined ? {} : { around: aroundKubernetes('management', aroundCall) }),
      );
    case 'unreadable':
      throw new Error(`${what} can't be read: ${wholeMessageOf(found.error)}: ${CURE}.`, { cause: found.error });
    case 'nothing there':
      throw new Error(`${what} is not there, nor is a service account: ${CURE}.`);
    case 'no such context':
    case 'no current context':
      throw new Error(`${what} has no current context: ${CURE}.`);
  }
};

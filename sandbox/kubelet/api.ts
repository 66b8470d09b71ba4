/**
 * The kubelet's way to its API server: wherever the load balancer is now, under the name that the cluster keeps.
 *
 * Owns: dialling anew when the address or the credentials changed, and saying when nobody answers. Neighbours: `agent/api-address.ts`
 * knows the address; `node.ts` and `certificates.ts` call.
 */
import type { Node } from '../../agent/host.ts';
import { type Credentials, createKubernetes, type Kubernetes } from '../../agent/kubernetes.ts';

export const connectApi = (
  { api, configuration, proxy }: Pick<Node, 'api' | 'configuration'> & { readonly proxy: string },
  credentials: Credentials,
): Kubernetes => {
  const dial = () => {
    const host = api.host();
    const kubernetes = createKubernetes({
      server: `https://${host}`,
      serverName: configuration.endpoint,
      authority: configuration.certificateAuthority,
      credentials,
      proxy,
    });
    return { host, kubernetes };
  };
  let current = dial();
  const connected = (): Kubernetes => {
    if (current.host !== api.host()) {
      current.kubernetes.close();
      current = dial();
    }
    return current.kubernetes;
  };
  return {
    call: async (method, path, body) => {
      try {
        return await connected().call(method, path, body);
      } catch (thrown) {
        await api.unanswered();
        throw thrown;
      }
    },
    close: () => current.kubernetes.close(),
  };
};

/**
 * Components of the management API: one etcd and one kube-apiserver, deliberately small.
 *
 * Owns: their arguments. There is no controller-manager: nothing here runs pods, so namespaces are not emptied and owner
 * references collect nothing (see `differences.ts`); finalizers, the namespaces of the API server and CRDs need none.
 * Neighbours: the supervisor runs them, `crds.ts` fills them.
 */
import { folders, type SandboxLayout } from '../layout.ts';
import { admissionControlFile } from './webhook.ts';

export type ComponentCommand = { readonly file: string; readonly args: readonly string[] };

export const managementEtcd = (layout: SandboxLayout): ComponentCommand => {
  const { pki, data } = folders(layout.home);
  const { host, port } = layout.managementEtcd;
  const client = `https://${host}:${port}`;
  const peer = `https://${host}:${port + 1}`;
  return {
    file: `${layout.bin}/etcd`,
    args: [
      '--name=management',
      `--data-dir=${data}/management-etcd`,
      `--initial-cluster=management=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--listen-peer-urls=${peer}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-metrics-urls=http://${host}:${port + 2}`,
      '--client-cert-auth',
      '--peer-client-cert-auth',
      `--trusted-ca-file=${pki}/ca.crt`,
      `--peer-trusted-ca-file=${pki}/ca.crt`,
      ...['', 'peer-'].flatMap((prefix) => [
        `--${prefix}cert-file=${pki}/etcd.crt`,
        `--${prefix}key-file=${pki}/etcd.key`,
      ]),
      '--auto-compaction-retention=1h',
      '--log-level=warn',
    ],
  };
};

export const managementApi = (layout: SandboxLayout): ComponentCommand => {
  const { pki, managementAudit } = folders(layout.home);
  const { host, port } = layout.managementApi;
  const issuer = `https://${host}:${port}`;
  return {
    file: `${layout.bin}/kube-apiserver`,
    args: [
      `--bind-address=${host}`,
      `--advertise-address=${host}`,
      `--secure-port=${port}`,
      // Endpoints refuse loopback addresses, and nobody looks for this API server by its Service.
      '--endpoint-reconciler-type=none',
      `--etcd-servers=https://${layout.managementEtcd.host}:${layout.managementEtcd.port}`,
      `--etcd-cafile=${pki}/ca.crt`,
      `--etcd-certfile=${pki}/apiserver-etcd-client.crt`,
      `--etcd-keyfile=${pki}/apiserver-etcd-client.key`,
      `--client-ca-file=${pki}/ca.crt`,
      `--tls-cert-file=${pki}/apiserver.crt`,
      `--tls-private-key-file=${pki}/apiserver.key`,
      '--tls-min-version=VersionTLS12',
      '--authorization-mode=RBAC',
      `--service-account-issuer=${issuer}`,
      `--api-audiences=${issuer}`,
      `--service-account-key-file=${pki}/service-account.pub`,
      `--service-account-signing-key-file=${pki}/service-account.key`,
      '--service-cluster-ip-range=10.0.0.0/24',
      // Made by the controller-manager, of which there is none; without pods nobody misses it.
      '--disable-admission-plugins=ServiceAccount',
      `--admission-control-config-file=${admissionControlFile(layout)}`,
      `--audit-policy-file=${layout.checkout}/sandbox/management/audit-policy.yaml`,
      `--audit-log-path=${managementAudit}`,
      '--profiling=false',
    ],
  };
};

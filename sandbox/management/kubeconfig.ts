/**
 * Kubeconfigs of the management API, with the context name of the original product's users.
 *
 * Owns: who comes as whom. Two are an administrator's and of the same content: one is for people, to which
 * `slipway clusters get-credentials` adds contexts and in which it switches, so it is written only once; the other is for
 * programs, which must never follow such a switch (I12). Each part of Slipway has one of its own, as its service account.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { SERVICE_ACCOUNTS } from '../../api/names.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { pkiBase64 } from './pki.ts';

export const MANAGEMENT_CONTEXT = 'gke_aws_management_gke-404767c1';

const kubeconfigAs = (layout: SandboxLayout, leaf: string): string => {
  const { pki } = folders(layout.home);
  const name = MANAGEMENT_CONTEXT;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: {
          server: `https://${layout.managementApi.host}:${layout.managementApi.port}`,
          'certificate-authority-data': pkiBase64(pki, 'ca.crt'),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          'client-certificate-data': pkiBase64(pki, `${leaf}.crt`),
          'client-key-data': pkiBase64(pki, `${leaf}.key`),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
};

export const writeKubeconfigs = (layout: SandboxLayout): void => {
  const { kubeconfig, kubeconfigOf, managementKubeconfig } = folders(layout.home);
  const administrator = kubeconfigAs(layout, 'admin');
  writeFileSync(managementKubeconfig, administrator, { mode: 0o600 });
  if (!existsSync(kubeconfig)) writeFileSync(kubeconfig, administrator, { mode: 0o600 });
  for (const account of SERVICE_ACCOUNTS) {
    writeFileSync(kubeconfigOf(account), kubeconfigAs(layout, account), { mode: 0o600 });
  }
};

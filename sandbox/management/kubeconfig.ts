/**
 * Kubeconfig of the management API, with the context name of the original product's users.
 *
 * Owns: two files of the same content. One is for people: `slipway clusters get-credentials` adds contexts to it and
 * switches, so it is written only once. The other is for programs, which must never follow such a switch (I12).
 */
import { existsSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { folders, type SandboxLayout } from '../layout.ts';
import { pkiBase64 } from './pki.ts';

export const MANAGEMENT_CONTEXT = 'gke_aws_management_gke-404767c1';

export const writeKubeconfigs = (layout: SandboxLayout): void => {
  const { kubeconfig, managementKubeconfig, pki } = folders(layout.home);
  const name = MANAGEMENT_CONTEXT;
  const content = {
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
          'client-certificate-data': pkiBase64(pki, 'admin.crt'),
          'client-key-data': pkiBase64(pki, 'admin.key'),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  writeFileSync(managementKubeconfig, stringify(content), { mode: 0o600 });
  if (!existsSync(kubeconfig)) writeFileSync(kubeconfig, stringify(content), { mode: 0o600 });
};

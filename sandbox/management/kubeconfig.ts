/**
 * Kubeconfig of the management API, with the context name of the original product's users.
 *
 * Owns: the file `<home>/kubeconfig`. Neighbours: `slipway clusters get-credentials` writes those of user clusters.
 */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { folders, type SandboxLayout } from '../layout.ts';
import { pkiBase64 } from './pki.ts';

export const MANAGEMENT_CONTEXT = 'gke_aws_management_gke-404767c1';

export const writeKubeconfig = (layout: SandboxLayout): void => {
  const { kubeconfig, pki } = folders(layout.home);
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
  writeFileSync(kubeconfig, stringify(content), { mode: 0o600 });
};

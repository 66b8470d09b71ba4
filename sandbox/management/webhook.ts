/**
 * Webhook: how the management API and Slipway's admission webhook find and trust each other.
 *
 * Owns: the API server's client certificate for the webhook, and the webhook's configuration, which is the one of
 * `deploy/admission/webhook/` with an address in place of a Service. Neighbours: `crds.ts` applies what needs no webhook.
 */
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { admissionWebhook } from '../../api/admission.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { runCommand } from '../tools/command.ts';
import { pkiBase64 } from './pki.ts';

/** The file that tells the API server as whom to come to webhooks. */
export const admissionControlFile = (layout: SandboxLayout): string =>
  `${folders(layout.home).pki}/admission-control.yaml`;

/** Written before the API server starts, which reads it once. */
export const writeAdmissionControl = (layout: SandboxLayout): void => {
  const { pki } = folders(layout.home);
  const kubeconfig = `${pki}/apiserver-admission.kubeconfig`;
  const { host, port } = layout.admission;
  const credentials = {
    apiVersion: 'v1',
    kind: 'Config',
    users: [
      {
        name: `${host}:${port}`,
        user: {
          'client-certificate-data': pkiBase64(pki, 'apiserver-admission-client.crt'),
          'client-key-data': pkiBase64(pki, 'apiserver-admission-client.key'),
        },
      },
    ],
  };
  const control = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'ValidatingAdmissionWebhook',
        configuration: {
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'WebhookAdmissionConfiguration',
          kubeConfigFile: kubeconfig,
        },
      },
    ],
  };
  writeFileSync(kubeconfig, stringify(credentials), { mode: 0o600 });
  writeFileSync(admissionControlFile(layout), stringify(control), { mode: 0o600 });
};

/** Makes the API server ask. Idempotent. */
export const applyWebhook = async (layout: SandboxLayout): Promise<void> => {
  const { pki, data, managementKubeconfig } = folders(layout.home);
  const { host, port } = layout.admission;
  const configuration = admissionWebhook({
    url: `https://${host}:${port}/validate`,
    caBundle: pkiBase64(pki, 'ca.crt'),
  });
  const file = `${data}/admission-webhook.json`;
  writeFileSync(file, JSON.stringify(configuration));
  await runCommand(
    'configuring the admission webhook',
    `${layout.bin}/kubectl`,
    [
      ...['--kubeconfig', managementKubeconfig, 'apply', '--server-side', '--force-conflicts'],
      ...['--field-manager=sandbox', '-f', file],
    ],
    { env: { PATH: process.env.PATH, HOME: data } },
  );
};

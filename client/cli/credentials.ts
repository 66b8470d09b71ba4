/**
 * Credentials: a short-lived client certificate for one cluster, issued on request.
 *
 * Owns: the key pair, which never leaves this machine (I8), and the request. Neighbours: the `IssueCredential` workflow
 * signs; `credential-cache.ts` keeps; `exec-credential.ts` hands them to kubectl.
 */
import type { ObjectRef } from '../../api/object.ts';
import { ISSUE_CREDENTIAL_WORKFLOW, type IssuedCertificate, TASK_QUEUE } from '../../workflows/messages.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { messagesOf, UserError } from '../user-error.ts';

const LIFETIME_SECONDS = 3_600;
const WORKFLOW_DEADLINE = '30 s';

export type Credential = IssuedCertificate & { readonly key: string };

const makeRequest = async (): Promise<{ key: string; csr: string }> => {
  await import('reflect-metadata');
  const { PemConverter, Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=slipway-admin',
    keys,
    signingAlgorithm: algorithm,
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, csr: request.toString('pem') };
};

/** What a failed workflow says, without Temporal's own words around it. */
const reasonOf = (error: unknown): string => {
  const messages = messagesOf(error);
  const reason = messages.at(-1) ?? String(error);
  return messages.some((message) => /timed out/i.test(message))
    ? `no worker took it within ${WORKFLOW_DEADLINE}`
    : reason;
};

/** Issues a new credential through a short workflow. */
export const issueCredential = async (configuration: ClientConfiguration, object: ObjectRef): Promise<Credential> => {
  const [{ WorkflowFailedError }, { withTemporal, explainTemporal }, { key, csr }] = await Promise.all([
    import('@temporalio/client'),
    import('../temporal.ts'),
    makeRequest(),
  ]);
  const { namespace, name } = object;
  return withTemporal(configuration, async (client) => {
    try {
      const issued: IssuedCertificate = await client.workflow.execute(ISSUE_CREDENTIAL_WORKFLOW, {
        taskQueue: configuration.taskQueue ?? TASK_QUEUE,
        workflowId: `credential/${namespace}/${name}/${crypto.randomUUID()}`,
        args: [{ object, csr, lifetimeSeconds: LIFETIME_SECONDS }],
        workflowExecutionTimeout: WORKFLOW_DEADLINE,
        staticSummary: `Credentials for ${namespace}/${name}`,
      });
      return { ...issued, key };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw explainTemporal(error, configuration);
      throw new UserError(
        `No credentials were issued for cluster ${namespace}/${name}: ${reasonOf(error)}. Is the worker up (npm run sandbox -- status), and does the cluster exist?`,
        { cause: error },
      );
    }
  });
};

/**
 * Admission: what the API server asks Slipway's webhook about.
 *
 * Owns: the ValidatingWebhookConfiguration. Only a new spec is asked about, never what Slipway itself writes, and nothing
 * about an object that is being deleted: finalizers go whether the webhook is up or not. Creates and changes that can't be
 * judged are refused, deletes that can't be judged are allowed. All namespaces are alike: it is asked about AWSClusters and
 * AWSNodePools only, so it can't stand in the way of its own start.
 * Neighbours: `client/admission/` answers; `protection.ts` needs no webhook; `generate.ts` writes both.
 */

import { API_GROUP, SYSTEM_NAMESPACE, serviceAccountUser } from './names.ts';
import { PLURALS } from './object.ts';

const NAME = 'slipway-admission';

/** Where the webhook is: a Service of the management cluster, or an address. */
export type WebhookLocation =
  | { readonly service: { readonly namespace: string; readonly name: string; readonly path: string } }
  | { readonly url: string; readonly caBundle: string };

const IN_CLUSTER: WebhookLocation = {
  service: { namespace: SYSTEM_NAMESPACE, name: NAME, path: '/validate' },
};

const rule = (operations: readonly string[], resources: readonly string[]) => ({
  apiGroups: [API_GROUP],
  apiVersions: ['*'],
  operations,
  resources,
  scope: 'Namespaced',
});

const CONDITIONS = [
  {
    name: 'not-slipway-itself',
    expression: `request.userInfo.username != '${serviceAccountUser('slipway-worker')}'`,
  },
  {
    name: 'not-being-deleted',
    expression: 'oldObject == null || !has(oldObject.metadata.deletionTimestamp)',
  },
  {
    name: 'changes-the-spec',
    expression: "request.operation != 'UPDATE' || object.spec != oldObject.spec",
  },
];

/** The configuration, to be applied to the management API. In a cluster, cert-manager fills in whom to trust. */
export const admissionWebhook = (location: WebhookLocation = IN_CLUSTER): object => {
  const common = {
    admissionReviewVersions: ['v1'],
    clientConfig: location,
    sideEffects: 'None',
    timeoutSeconds: 10,
    matchConditions: CONDITIONS,
  };
  const annotations = { 'cert-manager.io/inject-ca-from': `${SYSTEM_NAMESPACE}/${NAME}` };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: NAME, ...('service' in location ? { annotations } : {}) },
    webhooks: [
      {
        ...common,
        name: 'objects.admission.slipway.dev',
        failurePolicy: 'Fail',
        rules: [rule(['CREATE', 'UPDATE'], Object.values(PLURALS))],
      },
      {
        ...common,
        name: 'deletions.admission.slipway.dev',
        failurePolicy: 'Ignore',
        rules: [rule(['DELETE'], [PLURALS.AWSCluster])],
      },
    ],
  };
};

/**
 * Deletion protection: the rule by which the API server itself refuses to delete a protected object.
 *
 * Owns: the ValidatingAdmissionPolicy that gives `spec.deletionProtection` its effect. It needs no webhook, so it holds
 * even while Slipway is down, and it also holds when a namespace is deleted.
 * Neighbours: `generate.ts` writes it beside the CRDs.
 */

import { API_GROUP } from './names.ts';
import { PLURALS } from './object.ts';

const NAME = 'slipway-deletion-protection';

/** The policy and its binding, to be applied to the management API. */
export const deletionProtection = (): readonly object[] => [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: NAME },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [API_GROUP],
            apiVersions: ['*'],
            operations: ['DELETE'],
            resources: Object.values(PLURALS),
          },
        ],
      },
      validations: [
        {
          expression:
            '!has(oldObject.spec.deletionProtection) || !oldObject.spec.deletionProtection || has(oldObject.metadata.deletionTimestamp)',
          messageExpression:
            "oldObject.kind + ' ' + oldObject.metadata.namespace + '/' + oldObject.metadata.name + ' is protected against deletion: set spec.deletionProtection to false first'",
          reason: 'Forbidden',
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: NAME },
    spec: { policyName: NAME, validationActions: ['Deny'] },
  },
];

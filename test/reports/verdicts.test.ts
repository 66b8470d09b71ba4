/** What people reported elsewhere of failures that were taken for another kind than they were, and what they mean here. */
import { describe, expect, test } from '@jest/globals';
import { verdictOf } from '../../activities/verdicts.ts';
import { refused } from '../../kubernetes/errors.ts';

/** An error as the AWS SDK throws it. */
const aws = (name: string, message: string, status = 400): Error =>
  Object.assign(new Error(message), { name, operation: 'EC2 ModifyVolume', $metadata: { httpStatusCode: status } });

/** What Node throws before anything was sent, with what the SDK adds to whatever passes through it. */
const unsent = (made: Error, code: string): Error => Object.assign(made, { code, $metadata: { attempts: 2 } });

const refusedByKubernetes = (status: number, reason: string, message: string): Error =>
  refused({
    verb: 'apply',
    object: 'AWSCluster default/cluster-0',
    server: 'https://management',
    status,
    body: { kind: 'Status', status: 'Failure', code: status, reason, message },
  });

describe('what waiting cures', () => {
  test.each([
    // https://github.com/kubernetes/kubernetes/issues/69434
    [
      'a volume that is still taking up a change',
      aws('IncorrectModificationState', 'cannot be modified in state OPTIMIZING'),
    ],
    // https://github.com/openshift/runbooks/pull/247
    ['a volume that was changed too often today', aws('VolumeModificationRateExceeded', 'Wait at least 6 hours')],
    // https://github.com/kubernetes/kops/issues/1001, https://github.com/hashicorp/terraform/issues/1105
    [
      'a group that somebody has just deleted',
      aws('ValidationError', 'The AutoScaling group may not be modified while it is pending delete'),
    ],
    [
      'a name that is not free yet',
      aws('AlreadyExists', 'A group with the name gke-1 already exists and is pending delete.'),
    ],
    // https://github.com/kyverno/kyverno/issues/3039
    [
      'a webhook that is down for a while',
      refusedByKubernetes(
        500,
        'InternalError',
        'Internal error occurred: failed calling webhook "a": connection refused',
      ),
    ],
  ])('is waited for: %s', (_what, error) => {
    expect(verdictOf(error).verdict).toBe('retry');
  });

  // https://github.com/aws/karpenter-provider-aws/issues/8326
  test.each(['ReservationCapacityExceeded', 'UnfulfillableCapacity'])('is a matter of capacity: %s', (code) => {
    expect(verdictOf(aws(code, 'does not have sufficient compatible and available capacity')).verdict).toBe('capacity');
  });
});

describe('what only a person can cure', () => {
  // https://github.com/external-secrets/kubernetes-external-secrets/issues/912
  test('is said of credentials with a line break in them, without showing them', () => {
    const error = unsent(new TypeError('Invalid character in header content ["authorization"]'), 'ERR_INVALID_CHAR');
    expect(verdictOf(error)).toMatchObject({
      verdict: 'blocked',
      message: expect.stringMatching(/^No usable credentials: .*a line break at their end/),
    });
  });

  // https://github.com/gardener/dashboard/issues/2512: what had nothing to do with credentials was called a problem of credentials
  test('is not said of credentials where it is something else', () => {
    for (const error of [
      unsent(new TypeError('Invalid character in header content ["user-agent"]'), 'ERR_INVALID_CHAR'),
      aws('DependencyViolation', 'There are one or more ports still in use on the network'),
      aws('VcpuLimitExceeded', 'You have requested more vCPU capacity than your current vCPU limit'),
    ]) {
      expect(verdictOf(error).message).not.toContain('credentials');
    }
  });

  // https://github.com/argoproj/argo-cd/issues/16720: what a quota refused was progress for minutes on end
  test.each(['VcpuLimitExceeded', 'InstanceLimitExceeded', 'AddressLimitExceeded', 'TooManyLoadBalancersException'])(
    'is said of a quota at once: %s',
    (code) => {
      expect(verdictOf(aws(code, 'more than your current limit')).verdict).toBe('blocked');
    },
  );

  // https://github.com/eksctl-io/eksctl/issues/4019
  test.each(['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID'])(
    'is said of a proxy that looks into connections, with how to trust it: %s',
    (code) => {
      for (const error of [
        unsent(new Error('self-signed certificate in certificate chain'), code),
        new TypeError('fetch failed', { cause: Object.assign(new Error('self-signed'), { code }) }),
      ]) {
        expect(verdictOf(error)).toMatchObject({
          verdict: 'blocked',
          message: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
        });
      }
    },
  );

  // https://github.com/k8ssandra/k8ssandra-operator/issues/577, https://github.com/k0rdent/kcm/issues/979
  test.each([
    [403, 'Forbidden', 'admission webhook "validation.gatekeeper.sh" denied the request: [tags] no'],
    [400, 'BadRequest', 'admission webhook "validate.kyverno.svc" denied the request: no'],
    [
      422,
      'Invalid',
      `awsclusters.multicloud.cluster.gke.io "a" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'tags' denied request: no`,
    ],
    [
      403,
      'Forbidden',
      `secrets "a" is forbidden: ValidatingAdmissionPolicy 'tags' with binding 'tags' denied request: no`,
    ],
    [
      403,
      'Forbidden',
      'secrets "a" is forbidden: exceeded quota: objects, requested: count/secrets=1, used: 5, limited: 5',
    ],
  ])('is a rule of theirs that refuses what Slipway writes, by status %i %s', (status, reason, message) => {
    expect(verdictOf(refusedByKubernetes(status, reason, message))).toMatchObject({
      verdict: 'blocked',
      message: expect.stringContaining(message),
    });
  });
});

// https://github.com/crossplane-contrib/provider-aws/issues/461: what differed from try to try was written, and was news
test('the same refusal is told in the same words, whichever request it was and however often it was made', () => {
  const told = ['7273cf82', 'cd6de9ef'].map((requestId) => {
    const error = aws('InvalidParameterValue', 'Value (172.16.0.0/34) for parameter cidrBlock is invalid');
    return verdictOf(Object.assign(error, { $metadata: { httpStatusCode: 400, requestId, attempts: 2 } }));
  });
  expect(told[0]).toEqual(told[1]);
});

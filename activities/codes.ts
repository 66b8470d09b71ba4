/**
 * Codes: the names by which AWS's services, the SDKs and the network say what went wrong, by what they have in common.
 *
 * Owns: the lists. Neighbours: `verdicts.ts` says what each means for a step.
 */

type Codes = { readonly has: (code: string) => boolean };

/**
 * A service says `ResourceInUse`, and its SDK may say that by the name of a shape, `ResourceInUseException` or `ResourceInUseFault`:
 * both are one code. The lists have it as the service says it.
 */
const bare = (code: string): string => code.replace(/(?:Exception|Fault)$/, '');

const codes = (...names: readonly string[]): Codes => {
  const known = new Set(names.map(bare));
  return { has: (code) => known.has(bare(code)) };
};

/** Not now: the service has too much to do. */
export const THROTTLED = codes(
  'BandwidthLimitExceeded',
  'EC2Throttled',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceeded',
  'RequestLimitExceeded',
  'RequestThrottled',
  'SlowDown',
  'Throttled',
  'Throttling',
  'TooManyRequests',
);

/** Somebody else still holds it, or it is still changing: the reason that AWS gives names whom to wait for. */
export const IN_USE = codes(
  'DependencyTimeout',
  'DependencyViolation',
  'ExpiredToken',
  'IdempotentParameterMismatch',
  'IncorrectInstanceState',
  // A volume takes its changes one after the other, and so many a day.
  'IncorrectModificationState',
  'IncorrectState',
  'InternalFailure',
  'InvalidGroup.InUse',
  'InvalidNetworkInterface.InUse',
  'KeyUnavailable',
  'OperationInProgress',
  // An account's first use of a region or a service is verified, in minutes.
  'PendingVerification',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'ResourceContention',
  'ResourceInUse',
  'ScalingActivityInProgress',
  'VolumeInUse',
  'VolumeModificationRateExceeded',
);

/** The same, of services that have one code for all that they refuse. */
export const IN_USE_MESSAGE = /pending delete/i;

export const CAPACITY = codes(
  'InsufficientAddressCapacity',
  'InsufficientCapacity',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientHostCapacity',
  'InsufficientInstanceCapacity',
  'InsufficientReservedInstanceCapacity',
  'InsufficientVolumeCapacity',
  'ReservationCapacityExceeded',
  'UnfulfillableCapacity',
);

/** The request itself is malformed: nobody's spec can cause that. */
export const MALFORMED = codes(
  'InvalidAction',
  'InvalidQueryParameter',
  'MalformedQueryString',
  'MissingAction',
  'MissingParameter',
  'Serialization',
  'UnknownOperation',
  'UnknownParameter',
);

/** The thing is there already. Whose it is, is the driver's question. */
export const EXISTS = codes(
  'AlreadyExists',
  'DuplicateListener',
  'DuplicateLoadBalancerName',
  'DuplicateTargetGroupName',
  'IdempotentParameterMismatch',
  'InvalidGroup.Duplicate',
  'InvalidLaunchTemplateName.AlreadyExists',
  'InvalidPermission.Duplicate',
);

export const NETWORK = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
]);

/** OpenSSL's and Node's words for a certificate that proves nothing: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
export const UNTRUSTED = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/** A request that no connection takes: a header has a character that headers can't have. */
export const UNSENDABLE = new Set(['ERR_INVALID_CHAR']);

export const ABSENT_CODE = /not ?found|nosuchentity|doesnotexist/i;
/** Auto Scaling has one code for all that it refuses. */
export const ABSENT_MESSAGE = /(AutoScalingGroup name|Instance Id) not found/;

/** The codes by which a service says that it can't make anything of what a call refers to. */
export const UNSEEN_CODES = codes(
  'InvalidParameterCombination',
  'InvalidParameterValue',
  // Of load balancing, which has a word of its own.
  'InvalidSecurityGroup',
  'ValidationError',
);
/**
 * What they say of something that another service made a moment ago and that this one may not see yet: an instance profile, a
 * template, a group (terraform-provider-aws#5633, #40088).
 */
export const UNSEEN_MESSAGE =
  /invalid iam instance profile|(launch template|security group|subnet|key pair|image)\b[^.]* (does not exist|do not exist|not found)|could not find .*\blaunch template\b/i;

export const INTERRUPTED = new Set([
  'AbortError',
  'CancelledFailure',
  'TimeoutError',
  'RequestTimeout',
  'RequestAbortedError',
]);
export const CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError']);
export const OUR_MISTAKES = new Set(['TypeError', 'RangeError', 'ReferenceError', 'AssertionError']);

import { describe, expect, test } from '@jest/globals';
import {
  blockedError,
  delayOf,
  existsAlready,
  isAbsent,
  notYet,
  throttledError,
  verdictOf,
} from '../../activities/verdicts.ts';
import { retryAfterMs } from '../../words/retry-after.ts';

/** An error as the AWS SDK throws it. */
const aws = (name: string, message = 'said', status = 400, headers: Record<string, string> = {}): Error =>
  Object.assign(new Error(message), {
    name,
    operation: 'EC2 CreateVolume',
    $fault: status >= 500 ? 'server' : 'client',
    $metadata: { httpStatusCode: status },
    $response: { statusCode: status, headers },
  });

const network = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('a verdict on AWS', () => {
  test.each([
    ['RequestLimitExceeded', 'retry'],
    ['DependencyViolation', 'retry'],
    ['VolumeInUse', 'retry'],
    ['IncorrectState', 'retry'],
    ['PendingVerification', 'retry'],
    ['ResourceInUseFault', 'retry'],
    ['ExpiredTokenException', 'retry'],
    ['InsufficientInstanceCapacity', 'capacity'],
    ['InsufficientFreeAddressesInSubnet', 'capacity'],
    ['UnauthorizedOperation', 'blocked'],
    ['AccessDeniedException', 'blocked'],
    ['InvalidClientTokenId', 'blocked'],
    ['VcpuLimitExceeded', 'blocked'],
    ['TooManyLoadBalancersException', 'blocked'],
    ['TagLimitExceeded', 'blocked'],
    ['DisabledException', 'blocked'],
    ['InvalidParameterValue', 'blocked'],
    ['InvalidGroup.NotFound', 'absent'],
    ['InvalidVolume.NotFound', 'absent'],
    ['InvalidLaunchTemplateName.NotFoundException', 'absent'],
    ['LoadBalancerNotFoundException', 'absent'],
    ['NoSuchEntityException', 'absent'],
    ['MissingParameter', 'bug'],
  ])('%s is %s', (code, verdict) => {
    expect(verdictOf(aws(code)).verdict).toBe(verdict);
  });

  test('says which call it was, and what AWS said', () => {
    expect(verdictOf(aws('VolumeInUse', 'vol-1 is attached to i-2')).message).toBe(
      'EC2 CreateVolume: VolumeInUse: vol-1 is attached to i-2',
    );
  });

  test('on missing rights leaves out what only AWS can read, and names who reads it', () => {
    const said =
      'You are not authorized to perform this operation. User: arn:aws:sts::012345678901:assumed-role/slipway-worker/i-1 is not ' +
      'authorized to perform: ec2:CreateSecurityGroup on resource: arn:aws:ec2:eu-west-1:012345678901:vpc/vpc-1 because no ' +
      `identity-based policy allows the ec2:CreateSecurityGroup action. Encoded authorization failure message: ${'aB3_-'.repeat(300)}`;
    const { verdict, message } = verdictOf(aws('UnauthorizedOperation', said, 403));
    expect(verdict).toBe('blocked');
    expect(message).toContain(
      'because no identity-based policy allows the ec2:CreateSecurityGroup action. Which statement',
    );
    expect(message).toContain('sts:DecodeAuthorizationMessage');
    expect(message).not.toContain('aB3_-aB3_-');
    expect(message.length).toBeLessThan(700);
  });

  test('of throttling carries the delay that the server names, or one of our own', () => {
    expect(verdictOf(aws('Throttling', 'slow down', 400, { 'Retry-After': '7' }))).toMatchObject({ delayMs: 7_000 });
    expect(verdictOf(aws('SomethingNew', 'slow down', 429)).delayMs).toBeGreaterThan(0);
  });

  test('of a server error is retry, whatever its code and body', () => {
    expect(verdictOf(aws('InternalError', 'oops', 500)).verdict).toBe('retry');
    expect(verdictOf(aws('UnknownError', '', 503)).verdict).toBe('retry');
    // What the SDK throws for an HTML page.
    const html = Object.assign(new SyntaxError('Unexpected token < in JSON\n  Deserialization error: to see the raw'), {
      $metadata: { attempts: 2 },
    });
    expect(verdictOf(html).verdict).toBe('retry');
  });

  test.each([
    "AutoScalingGroup name not found - AutoScalingGroup 'x' not found",
    'Instance Id not found - No managed instance found for instance ID: i-1',
  ])('knows what Auto Scaling has not by its message, since its code says nothing: %s', (message) => {
    expect(isAbsent(aws('ValidationError', message))).toBe(true);
    expect(isAbsent(aws('ValidationError', 'Max bound, 1, must be greater'))).toBe(false);
  });

  test('tells an interface that is in use from a wrong parameter', () => {
    const inUse = aws('InvalidParameterValue', "Network interface 'eni-1' is currently in use.");
    expect(verdictOf(inUse).verdict).toBe('retry');
  });

  test('never takes missing rights or credentials for absence', () => {
    const none = Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
    for (const error of [
      aws('UnauthorizedOperation'),
      aws('AuthFailure'),
      aws('AccessDenied', 'not found', 403),
      none,
    ]) {
      expect(verdictOf(error).verdict).toBe('blocked');
    }
  });

  test.each([
    'InvalidGroup.Duplicate',
    'AlreadyExistsFault',
    'AlreadyExists',
    'DuplicateLoadBalancerNameException',
    'DuplicateListenerException',
    'InvalidLaunchTemplateName.AlreadyExistsException',
    'InvalidPermission.Duplicate',
    'IdempotentParameterMismatch',
  ])('%s means: find it', (code) => {
    expect(existsAlready(aws(code))).toBe(true);
  });

  test('nothing else means that something exists', () => {
    expect(existsAlready(aws('VolumeInUse'))).toBe(false);
    expect(existsAlready(new Error('AlreadyExists'))).toBe(false);
  });
});

describe('a verdict on the network', () => {
  test.each(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'UND_ERR_SOCKET'])(
    '%s is retry, however deep it is',
    (code) => {
      expect(verdictOf(network(code)).verdict).toBe('retry');
      const fetchFailed = Object.assign(new TypeError('fetch failed'), { cause: network(code) });
      expect(verdictOf(fetchFailed)).toMatchObject({ verdict: 'retry', message: expect.stringContaining(code) });
      expect(verdictOf(Object.assign(network(code), { $metadata: { attempts: 2 } })).verdict).toBe('retry');
    },
  );

  test('a call that was cut off, or that ran into its deadline, is retry', () => {
    for (const name of ['AbortError', 'TimeoutError']) {
      expect(verdictOf(Object.assign(new Error('x'), { name, $metadata: { attempts: 1 } })).verdict).toBe('retry');
    }
  });
});

describe('a wait that a server asks for', () => {
  test.each([
    ['7', 7_000],
    [3, 3_000],
    ['86400', 300_000],
    ['0', undefined],
    ['-1', undefined],
    ['', undefined],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    [undefined, undefined],
    [null, undefined],
  ])('%p is %p ms', (value, delayMs) => {
    expect(retryAfterMs(value)).toBe(delayMs);
  });

  test('is our own where a service that throttles names none, or no time', () => {
    const own = verdictOf(aws('Throttling')).delayMs;
    expect(own).toBeGreaterThan(0);
    expect(verdictOf(aws('Throttling', 'slow down', 400, { 'Retry-After': '0' })).delayMs).toBe(own);
  });
});

describe('the time after which who was throttled comes back', () => {
  test('is another for each, later with each attempt, and never sooner than the service says', () => {
    const { delayMs = 0, ...judgement } = verdictOf(aws('Throttling', 'slow down', 400, { 'Retry-After': '3' }));
    const throttled = { ...judgement, delayMs };
    const latest = (attempt: number) => delayOf(throttled, attempt, 0.999) ?? 0;
    for (const attempt of [1, 2, 3, 9]) expect(delayOf(throttled, attempt, 0)).toBe(3_000);
    expect(latest(1)).toBeGreaterThan(5_900);
    expect(latest(2)).toBeGreaterThan(latest(1));
    expect(latest(20)).toBeLessThanOrEqual(33_000);
    expect(delayOf(verdictOf(throttledError('held', 4_000)), 1, 0.5)).toBe(6_000);
  });

  test('of a wait is the one that it names', () => {
    expect(delayOf(verdictOf(notYet('soon', 500)), 7, 0.9)).toBe(500);
    expect(delayOf(verdictOf(network('ECONNRESET')), 7, 0.9)).toBeUndefined();
  });
});

describe('a verdict on our own errors', () => {
  test('is what they state', () => {
    expect(verdictOf(blockedError('because')).verdict).toBe('blocked');
    expect(verdictOf(notYet('soon', 500))).toEqual({ verdict: 'retry', message: 'soon', delayMs: 500, waiting: true });
  });

  test('is bug for mistakes in code, also when the SDK adds its metadata to them', () => {
    expect(verdictOf(new TypeError('x is not a function')).verdict).toBe('bug');
    expect(verdictOf(Object.assign(new TypeError('x'), { $metadata: { attempts: 1 } })).verdict).toBe('bug');
    expect(verdictOf('a string').verdict).toBe('bug');
    expect(verdictOf(undefined).verdict).toBe('bug');
  });

  test.each([401, 403, 404, 429, 503])(
    'is bug for HTTP %i without a service’s own word: never absence (I12)',
    (code) => {
      for (const property of ['code', 'status', 'statusCode']) {
        expect(verdictOf(Object.assign(new Error('refused'), { [property]: code })).verdict).toBe('bug');
      }
    },
  );
});

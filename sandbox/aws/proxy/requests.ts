/**
 * Requests: what was asked of AWS, with its parameters, one JSON line a request, for whoever judges it afterwards
 * (`test/judge/`). Only where somebody asked for it: SLIPWAY_AWS_REQUESTS.
 *
 * Owns: the file's form, and what of a request never gets there. Neighbours: `record.ts` keeps names and codes of every call, always.
 * Invariants: I8 (the file is its owner's alone, and in the sandbox's home; what a request holds in clear that nobody else may
 * know is never written: user data is sealed, what KMS opens is in its answers, and the requests below are left out).
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { SandboxFailure } from '../../failure.ts';
import type { Call } from './call.ts';

export type KeptRequest = Pick<Call, 'service' | 'operation' | 'accessKey' | 'region'> & {
  /** With the query of a GET. */
  readonly path: string;
  readonly userAgent?: string;
  readonly body: string;
  /** AWS's code, or what the network did, where it failed. */
  readonly error?: string;
  /** The id or ARN of what it made. */
  readonly made?: string;
};

/** Their parameters are secrets in clear. */
const NEVER_KEPT = [
  'kms Encrypt',
  'kms Sign',
  'kms GenerateMac',
  'sts AssumeRoleWithWebIdentity',
  'sts AssumeRoleWithSAML',
];

/** Where the answer to a call that makes something names it. */
const MADE_IN: Readonly<Record<string, RegExp>> = {
  'ec2 CreateLaunchTemplate': /<launchTemplateId>([^<]+)</,
  'ec2 CreateNetworkInterface': /<networkInterfaceId>([^<]+)</,
  'ec2 CreateSecurityGroup': /<groupId>([^<]+)</,
  'ec2 CreateVolume': /<volumeId>([^<]+)</,
  'elbv2 CreateListener': /<ListenerArn>([^<]+)</,
  'elbv2 CreateLoadBalancer': /<LoadBalancerArn>([^<]+)</,
  'elbv2 CreateTargetGroup': /<TargetGroupArn>([^<]+)</,
};

const nameOf = ({ service, operation }: Pick<Call, 'service' | 'operation'>): string => `${service} ${operation}`;

/** Whether the answer to a call says what it made. */
export const makes = (call: Pick<Call, 'service' | 'operation'>): boolean => MADE_IN[nameOf(call)] !== undefined;

/** What a call made, by its answer. */
export const madeBy = (call: Pick<Call, 'service' | 'operation'>, answer: string): string | undefined =>
  MADE_IN[nameOf(call)]?.exec(answer)?.[1];

export type Requests = { readonly keep: (request: KeptRequest) => void; readonly close: () => void };

/** Written at once: whoever has an answer finds its request here. */
export const openRequests = (file: string): Requests => {
  mkdirSync(dirname(file), { recursive: true });
  const lines = openSync(file, 'a', 0o600);
  return {
    keep: (request) => {
      if (!NEVER_KEPT.includes(nameOf(request))) writeSync(lines, `${JSON.stringify(request)}\n`);
    },
    close: () => closeSync(lines),
  };
};

/** Whether requests are kept in this sandbox: never, unless its settings say so. */
export const keepsRequests = ({ SLIPWAY_AWS_REQUESTS: setting }: NodeJS.ProcessEnv): boolean => {
  if (setting === undefined) return false;
  if (setting === 'kept') return true;
  throw new SandboxFailure(
    'refused',
    `SLIPWAY_AWS_REQUESTS is "${setting}": it must be kept`,
    'set SLIPWAY_AWS_REQUESTS to that, or unset it',
  );
};

/**
 * SDK: a request as AWS's own SDK writes it, and as the sandbox's proxy would keep it.
 *
 * Owns: sending to nobody. So whoever reads requests here is shown what others write, never its own idea of them.
 */
import * as autoscaling from '@aws-sdk/client-auto-scaling';
import * as ec2 from '@aws-sdk/client-ec2';
import * as elb from '@aws-sdk/client-elastic-load-balancing';
import * as elbv2 from '@aws-sdk/client-elastic-load-balancing-v2';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as servicequotas from '@aws-sdk/client-service-quotas';
import { callOf } from '../../sandbox/aws/proxy/call.ts';
import type { KeptRequest } from '../../sandbox/aws/proxy/requests.ts';
import type { Planted } from './planted.ts';

type Sent = { readonly headers: Readonly<Record<string, string>>; readonly body?: string | Uint8Array };
type Client = { readonly send: (command: unknown) => Promise<unknown> };
type Options = {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly maxAttempts: number;
  readonly requestHandler: { readonly handle: (request: Sent) => Promise<never> };
};

/** Each service's client and commands by their names. */
const SDKS: Readonly<Record<string, readonly [module: object, client: string]>> = {
  autoscaling: [autoscaling, 'AutoScalingClient'],
  ec2: [ec2, 'EC2Client'],
  elb: [elb, 'ElasticLoadBalancingClient'],
  elbv2: [elbv2, 'ElasticLoadBalancingV2Client'],
  iam: [iam, 'IAMClient'],
  kms: [kms, 'KMSClient'],
  servicequotas: [servicequotas, 'ServiceQuotasClient'],
};

const named = <T>(module: object, name: string): T => {
  const found = Object.entries(module).find(([exported]) => exported === name)?.[1] as T | undefined;
  if (found === undefined) throw new Error(`The SDK has no ${name}.`);
  return found;
};

/** What would have been sent for a call, with credentials of a double. */
export const writtenBySdk = async ({ service, operation, parameters }: Planted): Promise<KeptRequest> => {
  const [module, name] = SDKS[service] ?? [{}, service];
  let sent: Sent | undefined;
  const options: Options = {
    ...{ region: 'eu-west-1', endpoint: 'http://aws.invalid', maxAttempts: 1 },
    credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' },
    requestHandler: {
      handle: (request) => {
        sent = request;
        return Promise.reject(new Error('nobody is asked'));
      },
    },
  };
  const client = new (named<new (options: Options) => Client>(module, name))(options);
  const command = new (named<new (parameters: object) => object>(module, `${operation}Command`))(parameters);
  await client.send(command).catch((error: unknown) => {
    if (sent === undefined) throw error;
  });
  if (sent === undefined) throw new Error(`The SDK sent nothing for ${service} ${operation}.`);
  const { headers, body = '' } = sent;
  const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
  const call = callOf('POST', '/', headers, text);
  return { ...call, path: '/', userAgent: headers['user-agent'] ?? '', body: text };
};

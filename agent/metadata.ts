/**
 * Metadata: what the instance metadata service says about this instance.
 *
 * Owns: IMDSv2 (a session token for every read) and the few paths that the agent reads.
 * Neighbours: the AWS SDK fetches credentials from the same service by itself.
 */

import { type HttpResponse, send } from '../kubernetes/http.ts';
import { type Instance, privateDnsNameOf } from '../machine/node.ts';
import { instanceDefect } from '../machine/shape.ts';
import type { Log } from './log.ts';
import { type Attempt, again, done, persist } from './persist.ts';

/** Where the service is: its own address, or where the variable of AWS's tools has it. */
export const metadataEndpoint = (variables: NodeJS.ProcessEnv): string =>
  variables['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || 'http://169.254.169.254';

const TIMEOUT_MILLIS = 5_000;
const TOKEN_SECONDS = 21_600;
/** User data is the longest of all, 16 KiB. */
const MAX_BYTES = 64 * 1024;
const PACE = { firstMillis: 200, maxMillis: 5_000 };

export type Metadata = {
  /** Content at a path below `/latest`. */
  read(path: string): Promise<string>;
};

export const createMetadata = (endpoint: string): Metadata => {
  const session = async (): Promise<string> => {
    const response = await send({
      url: `${endpoint}/latest/api/token`,
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': `${TOKEN_SECONDS}` },
      timeoutMillis: TIMEOUT_MILLIS,
      maxBytes: MAX_BYTES,
    });
    if (response.status !== 200) throw new Error(`Metadata service ${endpoint} gave no token: HTTP ${response.status}`);
    if (!/^[\w+/=-]+$/.test(response.body)) throw new Error(`Metadata service ${endpoint} gave a token that is none`);
    return response.body;
  };
  return {
    read: async (path) => {
      const response: HttpResponse = await send({
        url: `${endpoint}/latest/${path}`,
        headers: { 'x-aws-ec2-metadata-token': await session() },
        timeoutMillis: TIMEOUT_MILLIS,
        maxBytes: MAX_BYTES,
      });
      if (response.status !== 200) {
        throw new Error(`Metadata service ${endpoint} answered HTTP ${response.status} to ${path}`);
      }
      return response.body;
    },
  };
};

/** Who this instance is, and the user data it was launched with; asked for until the service answers. */
export const identify = async (
  metadata: Metadata,
  log: Log,
  signal: AbortSignal,
): Promise<{ readonly instance: Instance; readonly userData: string }> =>
  persist({
    what: 'Reading instance metadata',
    log,
    signal,
    pace: PACE,
    attempt: async (): Promise<Attempt<{ instance: Instance; userData: string }>> => {
      const [id, type, region, zone, address, localHostname, userData] = await Promise.all([
        metadata.read('meta-data/instance-id'),
        metadata.read('meta-data/instance-type'),
        metadata.read('meta-data/placement/region'),
        metadata.read('meta-data/placement/availability-zone'),
        metadata.read('meta-data/local-ipv4'),
        metadata.read('meta-data/local-hostname'),
        metadata.read('user-data'),
      ]);
      const hostname = privateDnsNameOf({ id, address, region }, localHostname);
      const instance = { id, type, region, zone, address, hostname };
      const defect = instanceDefect(instance);
      if (defect !== undefined) {
        return again(`the metadata service answers with something that is no ${defect} of an instance`);
      }
      return done({ instance, userData });
    },
  });

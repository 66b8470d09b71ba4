/**
 * Account: what the sandbox's AWS says about itself beside AWS's own API (`/_sim/…` on moto's port).
 *
 * Owns: the shapes of those answers and how they are asked for. Neighbours: `sandbox/aws` answers; `instances` and
 * `network` decide what to do. Events only say *that* something changed; what is so is always read in full, hence a
 * lost, doubled or reordered event does no harm. A failed read throws, so that it never looks like an empty account
 * (I12).
 */
import { request } from 'node:http';
import type { HostPort } from '../layout.ts';

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** One instance as EC2 sees it. */
export type InstanceView = {
  readonly id: string;
  readonly state: InstanceState;
  readonly imageId: string;
  readonly instanceType: string;
  readonly az: string;
  readonly subnetId: string;
  readonly vpcId: string;
  /** Null once terminated: the address has gone back to the subnet. */
  readonly privateIp: string | null;
  /** Base64, as EC2 keeps it. */
  readonly userData: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly enis: readonly NetworkInterfaceView[];
  /** The instance profile, when the launch named one. */
  readonly iamInstanceProfile?: InstanceProfileView | null;
  readonly launchTime?: string | null;
};

export type NetworkInterfaceView = {
  readonly id: string;
  readonly ip: string;
  readonly index: number;
  readonly mac?: string | null;
  readonly subnetId?: string | null;
};

type InstanceProfileView = { readonly arn: string; readonly name: string; readonly roleArn?: string | null };

/** One load balancer with its listeners: what a data plane needs. */
export type LoadBalancerView = {
  readonly arn: string;
  readonly name: string;
  readonly type: string;
  readonly dns: string;
  readonly addresses: readonly string[];
  readonly listeners: readonly ListenerView[];
};

type ListenerView = {
  readonly port: number;
  readonly protocol: string;
  /** Its load balancer's security groups let nobody in on this port. */
  readonly closed?: boolean;
  readonly targetGroups: readonly TargetGroupView[];
};

/** `id` is an address, or an instance id where the target group's type says so. */
export type TargetView = {
  readonly id: string;
  readonly port: number;
  /** An address of a network interface that no machine has: nobody can answer there. */
  readonly detached?: boolean;
  /** Security groups let nothing of the load balancer arrive there. */
  readonly filtered?: boolean;
  /**
   * `registering`: the load balancer doesn't know of it yet; `leaving`: it was deregistered, and the load balancer doesn't know
   * of that yet; `draining`: it keeps the connections that it has.
   */
  readonly phase: 'registering' | 'registered' | 'leaving' | 'draining';
  /** Another number each time that it is registered. */
  readonly registration: number;
};

export type TargetGroupView = {
  readonly name: string;
  readonly healthCheck: {
    readonly protocol: string | null;
    /** A number or `traffic-port`. */
    readonly port: string | number | null;
    readonly path: string | null;
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
    readonly healthyThreshold: number;
    readonly unhealthyThreshold: number;
    /** Between two checks of a target that is well, where the sandbox is in a hurry; null where the interval counts. */
    readonly hurriedSeconds: number | null;
    /** HTTP statuses that are well, such as `200-399`. */
    readonly codes: string | null;
  };
  /** For how long an unhealthy target keeps its connections; null: for as long as they last. */
  readonly unhealthyDrainSeconds: number | null;
  /** Whether the connections of a deregistered target end when it has drained. */
  readonly cutsDeregistered: boolean;
  readonly targets: readonly TargetView[];
};

export type TargetHealthReport = {
  readonly tg: string;
  readonly id: string;
  readonly port: number;
  readonly state: 'initial' | 'healthy' | 'unhealthy';
  readonly reason: string | null;
  readonly description: string | null;
};

export type Account = {
  readonly instances: () => Promise<readonly InstanceView[]>;
  readonly loadBalancers: () => Promise<readonly LoadBalancerView[]>;
  /** Tells the account that an instance is gone, as EC2 would notice a host that failed. */
  readonly terminate: (id: string, reason: string) => Promise<void>;
  /** Tells the account that the machine of an instance that was told to end has done so. */
  readonly ended: (id: string) => Promise<void>;
  readonly reportHealth: (report: TargetHealthReport) => Promise<void>;
  /**
   * Resolves when something changed after `after`, or after some seconds without change; answers where to go on.
   * Without `after` it answers at once, with the present.
   */
  readonly changes: (after: number | undefined, signal: AbortSignal) => Promise<number>;
};

const LOOK_TIMEOUT_MS = 10_000;
const LONG_POLL_SECONDS = 20;

/** The account behind moto's address. */
export const connectAccount = (moto: HostPort): Account => {
  const ask = (method: string, path: string, more: Partial<Asked> = {}) =>
    askJson(moto, { timeout: LOOK_TIMEOUT_MS, ...more, method, path: `/_sim/${path}` });
  return {
    instances: async () => listOf<InstanceView>(await ask('GET', 'instances'), 'instances'),
    loadBalancers: async () => listOf<LoadBalancerView>(await ask('GET', 'load-balancers'), 'load-balancers'),
    terminate: async (id, reason) => {
      await ask('POST', 'terminate', { body: { id, reason } });
    },
    ended: async (id) => {
      await ask('POST', 'ended', { body: { id } });
    },
    reportHealth: async (report) => {
      await ask('POST', 'health', { body: report });
    },
    changes: async (after, signal) => {
      const path =
        after === undefined
          ? `events?after=${Number.MAX_SAFE_INTEGER}&timeout=0`
          : `events?after=${after}&timeout=${LONG_POLL_SECONDS}`;
      const answer = await ask('GET', path, { signal, timeout: (LONG_POLL_SECONDS + 10) * 1000 });
      const next = (answer as { next?: unknown }).next;
      if (typeof next !== 'number')
        throw new Error(`The account's event feed answered without "next": ${brief(answer)}`);
      return next;
    },
  };
};

const listOf = <T>(answer: unknown, what: string): readonly T[] => {
  if (Array.isArray(answer)) return answer as T[];
  throw new Error(
    `The account's list of ${what} is not a list but ${brief(answer)}; nothing can be concluded from it.`,
  );
};

const brief = (value: unknown): string => JSON.stringify(value)?.slice(0, 200) ?? 'nothing';

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
};

/** One request with a JSON answer; anything but a 2xx throws with what was said. */
const askJson = (at: HostPort, options: Asked): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
    const where = `${options.method} http://${at.host}:${at.port}${options.path}`;
    const call = request(
      {
        host: at.host,
        port: at.port,
        method: options.method,
        path: options.path,
        timeout: options.timeout,
        agent: false,
        headers:
          payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const status = response.statusCode ?? 0;
          if (status < 200 || status > 299) {
            reject(new Error(`${where} answered ${status}: ${text.slice(0, 300)}`));
            return;
          }
          try {
            resolve(JSON.parse(text));
          } catch {
            reject(new Error(`${where} answered something that is no JSON: ${text.slice(0, 300)}`));
          }
        });
      },
    );
    call.on('timeout', () => call.destroy(new Error(`${where} gave no answer within ${options.timeout} ms`)));
    call.on('error', reject);
    call.end(payload);
  });

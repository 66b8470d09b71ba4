/**
 * The part `aws`: `node sandbox/aws/main.ts <path of sandbox.json>`.
 *
 * Owns: moto and the proxy as one part. It listens on the proxy's address only when the account is furnished, so whoever
 * can connect finds everything in place. The account lives in moto's memory: when moto dies this part ends with status 1
 * and says that the account is lost; it is never started again by itself.
 */
import { readFileSync } from 'node:fs';
import type { SandboxLayout } from '../layout.ts';
import { folders } from '../layout.ts';
import { paceOf, timingOf } from '../pace.ts';
import { accountOf, OTHER_ACCOUNT, OTHER_ACCOUNT_ACCESS_KEY } from './account.ts';
import { unpublishedImages } from './images.ts';
import { startMoto } from './moto.ts';
import { openRecord } from './proxy/record.ts';
import { keepsRequests, openRequests } from './proxy/requests.ts';
import { startProxy } from './proxy/server.ts';

const urlOf = ({ host, port }: { readonly host: string; readonly port: number }): string => `http://${host}:${port}`;

export type RunningAws = {
  readonly endpoint: string;
  /** Resolves when moto has ended, with how. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
};

export const startAws = async (
  layout: SandboxLayout,
  options: {
    readonly timing?: Readonly<Record<string, number>>;
    readonly targetHealth?: 'assumed' | 'reported';
    /** Whether requests are kept with their parameters. */
    readonly requests?: 'kept';
  } = {},
): Promise<RunningAws> => {
  const moto = await startMoto({
    python: layout.python,
    listen: layout.moto,
    account: accountOf(layout.network, layout.stub === undefined ? 'usual' : 'large'),
    targetHealth: options.targetHealth ?? 'reported',
    machines: 'reported',
    ...(layout.stub === undefined ? { unpublished: unpublishedImages(layout.bin) } : {}),
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  });
  const { data, awsRequests } = folders(layout.home);
  const record = openRecord(`${data}/aws-calls.jsonl`);
  const requests = options.requests === 'kept' ? { requests: openRequests(awsRequests) } : {};
  const accounts = { [OTHER_ACCOUNT_ACCESS_KEY]: OTHER_ACCOUNT };
  const proxy = await startProxy({ listen: layout.aws, moto: moto.address, record, ...requests, accounts }).catch(
    async (error: unknown) => {
      await moto.stop();
      throw error;
    },
  );
  return {
    endpoint: urlOf(proxy.address),
    ended: moto.ended,
    stop: async () => {
      await proxy.close();
      await moto.stop();
    },
  };
};

/** Where hundreds of instances come and go, what has ended for long must not make every listing longer. */
const MANY_INSTANCES = { terminated_visible: 20, tick: 0.1 };

const main = async (layoutPath: string): Promise<number> => {
  const layout = JSON.parse(readFileSync(layoutPath, 'utf8')) as SandboxLayout;
  const aws = await startAws(layout, {
    ...(process.env.SLIPWAY_TARGET_HEALTH === 'assumed' ? { targetHealth: 'assumed' as const } : {}),
    ...(keepsRequests(process.env) ? { requests: 'kept' as const } : {}),
    timing: { ...timingOf(paceOf(process.env)), ...(layout.stub === undefined ? {} : MANY_INSTANCES) },
  });
  const signalled = new Promise<'signalled'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('signalled'));
  });
  console.log(`aws ready on ${aws.endpoint}`);
  const how = await Promise.race([signalled, aws.ended]);
  if (how !== 'signalled') console.error(`aws: moto ${how}: the account is lost, for it lived in its memory`);
  await aws.stop();
  return how === 'signalled' ? 0 : 1;
};

if (import.meta.main) {
  const layoutPath = process.argv[2];
  if (layoutPath === undefined) {
    console.error('usage: node sandbox/aws/main.ts <path of sandbox.json>');
    process.exit(2);
  }
  process.exit(await main(layoutPath));
}

/**
 * A cloud for one test file: the account's double, and the `instances` and `network` parts as the processes they are, on
 * a network of their own, with a stand-in for the agent.
 *
 * Owns: starting these and leaving nothing behind: no process, no folder, no lock.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { claimAddresses } from '../../../sandbox/addresses.ts';
import { type AccountDescription, accountOf } from '../../../sandbox/aws/account.ts';
import { startMoto } from '../../../sandbox/aws/moto.ts';
import { endAllInstances } from '../../../sandbox/instances/parts.ts';
import { ACCOUNT, folders, layoutOf, REGION, type SandboxLayout } from '../../../sandbox/layout.ts';
import { PACES, type Pace, timingOf } from '../../../sandbox/pace.ts';
import { cacheFolder, ensureTools } from '../../../sandbox/tools/build.ts';
import { noting } from '../../support/waits.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Of the sandbox's account, which is the same in each. */
export const PROFILE = 'gke-404767c1-nodepool';
export const IMAGE = 'ami-slipway-1.16.9-gke.12';

type PartName = 'instances' | 'network';

export type CloudForTests = {
  readonly layout: SandboxLayout;
  readonly account: AccountDescription;
  readonly ec2: EC2Client;
  readonly autoScaling: AutoScalingClient;
  readonly loadBalancing: ElasticLoadBalancingV2Client;
  /** Starts a part and answers its process. */
  readonly start: (part: PartName) => ChildProcess;
  /** Ends a part's process with the given signal, and returns when it has gone. */
  readonly end: (part: PartName, signal: NodeJS.Signals) => Promise<void>;
  readonly log: (part: PartName) => string;
  /** Another pace from now on. */
  readonly setPace: (pace: Pace) => Promise<void>;
  readonly close: () => Promise<void>;
};

export const startCloud = (agent: string): Promise<CloudForTests> =>
  noting('starting', 'cloud', () => openCloud(agent));

const openCloud = async (agent: string): Promise<CloudForTests> => {
  const tools = await ensureTools();
  const folder = mkdtempSync(join(tmpdir(), 'slipway-test-cloud-'));
  const home = join(folder, 'home');
  const claim = await claimAddresses(home, undefined);
  const base = layoutOf({
    home,
    bin: tools.bin,
    python: tools.python,
    node: process.execPath,
    cache: cacheFolder(),
    checkout: join(folder, 'checkout'),
    network: claim.network,
    proxyPort: claim.proxyPort,
  });
  // No proxy in front: what it adds is not under test.
  const layout: SandboxLayout = { ...base, aws: base.moto };
  mkdirSync(join(layout.checkout, 'sandbox/machine'), { recursive: true });
  writeFileSync(join(layout.checkout, 'sandbox/machine/main.ts'), agent);
  writeFileSync(join(layout.checkout, 'package.json'), '{"type":"module"}\n');
  mkdirSync(folders(home).logs, { recursive: true });
  writeFileSync(folders(home).layout, JSON.stringify(layout));

  const account = accountOf(layout.network);
  process.env['MOTO_ACCOUNT_ID'] = ACCOUNT;
  const moto = await startMoto({
    python: layout.python,
    listen: layout.moto,
    account,
    targetHealth: 'reported',
    machines: 'reported',
    timing: timingOf(PACES.quick),
  });

  const parts = new Map<PartName, ChildProcess>();
  const logPath = (part: PartName): string => join(folders(home).logs, `${part}.log`);
  const client = {
    region: REGION,
    endpoint: `http://${layout.moto.host}:${layout.moto.port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const [ec2, autoScaling, loadBalancing] = [
    new EC2Client(client),
    new AutoScalingClient(client),
    new ElasticLoadBalancingV2Client(client),
  ];
  const end = async (part: PartName, signal: NodeJS.Signals): Promise<void> => {
    const child = parts.get(part);
    parts.delete(part);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    layout,
    account,
    ec2,
    autoScaling,
    loadBalancing,
    start: (part) => {
      const output = openSync(logPath(part), 'a');
      const child = spawn(process.execPath, [join(ROOT, `sandbox/${part}/main.ts`), folders(home).layout], {
        stdio: ['ignore', output, output],
        // Of the test: a test runner's own is another.
        env: process.env,
      });
      closeSync(output);
      parts.set(part, child);
      return child;
    },
    end,
    log: (part) => readFileSync(logPath(part), 'utf8'),
    setPace: async (pace) => {
      const answer = await fetch(`${client.endpoint}/_sim/timing`, {
        method: 'POST',
        body: JSON.stringify(timingOf(pace)),
      });
      if (!answer.ok) throw new Error(`The account took no other pace: ${answer.status} ${await answer.text()}`);
    },
    close: async () => {
      for (const part of [...parts.keys()]) await end(part, 'SIGTERM');
      await endAllInstances(layout);
      for (const used of [ec2, autoScaling, loadBalancing]) used.destroy();
      await moto.stop();
      claim.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

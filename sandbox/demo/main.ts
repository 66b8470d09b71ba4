/**
 * The demo: `npm run demo`, the seed's story on one computer.
 *
 * Owns: the order of events. It types what a person would type, and leaves the sandbox running; `--down` ends it.
 * Neighbours: `story.ts` shows commands, `follow.ts` the progress in between.
 */
import { Command } from 'commander';
import colors from 'picocolors';
import { readConfiguration } from '../../client/configuration.ts';
import { down } from '../commands/down.ts';
import { homeFolder } from '../commands/sandbox.ts';
import { type SandboxStatus, statusNow } from '../commands/status.ts';
import { bringUp } from '../commands/up.ts';
import { EXIT, reportFailure, SandboxFailure } from '../failure.ts';
import { MANAGEMENT_CONTEXT } from '../management/kubeconfig.ts';
import { followUntilProvisioned } from './follow.ts';
import { show, whatNext } from './story.ts';

const CLUSTER = 'cluster-0';
const MANIFEST = 'sandbox/demo/cluster-0.yaml';
/** The budget is half a minute on two cores; a slow computer is no reason to give up. */
const LIMIT_MILLISECONDS = 10 * 60 * 1000;

const say = (text: string): void => {
  process.stdout.write(`\n${colors.cyan(text)}\n`);
};

/** Runs what must succeed for the story to go on. */
const mustShow = async (...command: Parameters<typeof show>): Promise<string> => {
  const { code, output } = await show(...command);
  if (code === 0) return output;
  throw new SandboxFailure(
    'part',
    `\`${command[0]}\` ended with status ${code}`,
    'run `npm run demo` again; if it lasts, `npm run sandbox -- reset` begins anew',
  );
};

/** kubectl as the seed's user typed it: the proxy is what leads to the load balancers. */
const kubectlOf =
  (status: SandboxStatus) =>
  (context: string, ...args: readonly string[]) =>
    mustShow(
      `env HTTPS_PROXY=${status.proxy} kubectl --context ${context} ${args.join(' ')}`,
      status.kubectl,
      ['--kubeconfig', status.kubeconfig, '--context', context, ...args],
      { HTTPS_PROXY: status.proxy },
    );

/** The EC2 id of a control-plane machine, which a person may kill to see what happens. */
const someReplica = async (status: SandboxStatus): Promise<string | undefined> => {
  const answer = await fetch(`${status.aws.endpoint}/_sim/instances`);
  const instances = (await answer.json()) as readonly { id: string; state: string; asg: string | null }[];
  return instances.find(({ state, asg }) => state === 'running' && asg?.includes('-controlplane-'))?.id;
};

const tell = async (): Promise<void> => {
  say('A cloud on this computer: AWS, a management API, Temporal and Slipway.');
  // Whoever watches waits: a load balancer that takes minutes to know its targets, as AWS's does, shows nothing more.
  process.env['SLIPWAY_PACE'] ??= 'quick';
  await bringUp();
  const status = statusNow();
  const kubectl = kubectlOf(status);

  say(`One cluster with three control-plane replicas and three node pools, as ${MANIFEST} describes it.`);
  await kubectl(MANAGEMENT_CONTEXT, 'apply', '-f', MANIFEST);
  const began = Date.now();
  await followUntilProvisioned(readConfiguration({ SLIPWAY_HOME: status.home }), CLUSTER, LIMIT_MILLISECONDS);
  say(`Provisioned after ${((Date.now() - began) / 1000).toFixed(1)} s.`);

  await kubectl(MANAGEMENT_CONTEXT, 'get', 'AWSClusters,AWSNodePools');
  await kubectl(MANAGEMENT_CONTEXT, 'get', 'events');

  say('Short-lived credentials for the new cluster, beside those of the management API.');
  const arguments_ = ['clusters', 'get-credentials', CLUSTER, '--kubeconfig', status.kubeconfig];
  const answer = await mustShow(`slipway clusters get-credentials ${CLUSTER}`, status.slipway, arguments_);
  const context = /gke_aws_[\w.-]+/.exec(answer)?.[0];
  if (context === undefined) throw new Error(`get-credentials named no context: ${answer}`);
  await kubectl(context, 'get', 'nodes');
  await kubectl(context, 'cluster-info');
  await kubectl(MANAGEMENT_CONTEXT, 'config', 'use-context', MANAGEMENT_CONTEXT);

  process.stdout.write(`${whatNext(status, context, await someReplica(status))}\n`);
};

const program = new Command('npm run demo --')
  .description("The seed's story for real: a cluster is made from its manifest, on this computer.")
  .option('--down', 'end the sandbox that the demo left running', false)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage))
  .action(async ({ down: end }: { down: boolean }) => {
    if (end) {
      process.stderr.write(`Taking down the sandbox in ${homeFolder()}.\n`);
      return down();
    }
    return tell();
  });

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}

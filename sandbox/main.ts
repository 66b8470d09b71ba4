/**
 * The sandbox's command line: `npm run sandbox -- <command>`.
 *
 * Owns: names, options and help of the commands, and how failures are printed. Neighbours: `commands/` does the work.
 */
import { Argument, Command, Option } from 'commander';
import { down, reset } from './commands/down.ts';
import {
  addCallFault,
  addLaunchFault,
  addVolumeFault,
  CALL_FAULTS,
  type CallFault,
  clearFaults,
  detachInterface,
  giveUpGroup,
  hang,
  hideFromSight,
  linger,
  listFaults,
  loseVolume,
  resume,
  VOLUME_ENDS,
  type VolumeEnd,
} from './commands/fault.ts';
import { showLogs } from './commands/logs.ts';
import { changePart, type PartVerb } from './commands/parts.ts';
import { printStatus } from './commands/status.ts';
import { addStubFault } from './commands/stub.ts';
import { up } from './commands/up.ts';
import { EXIT, reportFailure } from './failure.ts';
import type { StubFault } from './stub/faults.ts';

const program = new Command('npm run sandbox --')
  .description('A local cloud: AWS, instances, load balancers and real Kubernetes processes on this computer.')
  .addHelpText(
    'after',
    `
Environment:
  SLIPWAY_HOME    where this sandbox keeps its state (default ~/.slipway); another home is another sandbox
  SLIPWAY_CACHE   where tools are kept (default ~/.cache/slipway)
  SLIPWAY_DOWNLOADS   off builds every tool from source, and runs none that its maker built (default auto)
  SLIPWAY_DOWNLOAD_MIRROR   address under which a mirror has the folders dl.k8s.io, github.com and api.github.com
  SLIPWAY_TEMPORAL_DATA   where Temporal keeps its data: memory is quicker, and gone with its process (default file)
  SLIPWAY_PACE    aws: health checks, registrations of targets and shutdowns of machines take their time, as on AWS;
                  quick: they don't, for what isn't about availability (default aws)
  SLIPWAY_REGISTRATION_SECONDS, SLIPWAY_SHUTDOWN_SECONDS   how long a load balancer takes to know a target, and to forget
                  one, and how long a machine that ends may take at most (defaults by pace: 120 and 300, or 0.1 and 1)
  SLIPWAY_AWS_REQUESTS   kept: what is asked of AWS is written to data/aws-requests.jsonl with its parameters, which only
                  the sandbox's owner may read, for whoever judges it (default: names alone are written)
  SLIPWAY_VISIBILITY_SECONDS   how long security groups, launch templates and instance profiles that were just made are
                  unknown to whoever is asked to use them (defaults by pace: 2, or 0)
  SLIPWAY_NODE_GRACE_SECONDS   with \`up --stub\`: for how long nothing is heard of a node before its control plane says so
                  (defaults by pace: 50, or 3)
  SLIPWAY_ORDER_SECONDS   how often the agents of replicas look for orders (default 30, 5 with --stub)

Exit status: 0 done, 2 wrong usage, 3 a prerequisite is missing, 4 a tool could not be had, 5 a part does not start,
6 there is no sandbox, 7 there is no such part, 8 refused, 1 anything else.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage));

program
  .command('up')
  .description('start the sandbox, or what is missing of it, and follow it until Ctrl-C ends it')
  .option('--detach', 'return when everything is ready, and leave it running', false)
  .option(
    '--stub',
    'machines are objects of one process, and control planes answer from its memory: for many clusters',
    false,
  )
  .option(
    '--release <version...>',
    'have the programs of this release, too, so that a cluster can be upgraded to it: built or fetched once, which may take a quarter of an hour',
    [] as string[],
  )
  .action(({ release, ...options }: { detach: boolean; stub: boolean; release: string[] }) =>
    up({ ...options, releases: release }),
  );
program.command('down').description('end everything that this sandbox started').action(down);
program
  .command('reset')
  .description("end the sandbox and delete its state; with a part (temporal), throw that part's data away")
  .argument('[part]')
  .action((part?: string) => reset(part));
program
  .command('status')
  .description('show what runs, and where')
  .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
  .action((options: { output: 'text' | 'json' }) => printStatus(options.output));
program
  .command('logs')
  .description('show the log of a part, or the last lines of all')
  .argument('[part]')
  .option('-f, --follow', 'go on showing what is written', false)
  .action((part: string | undefined, options: { follow: boolean }) => showLogs(part, options));

const VERBS: Readonly<Record<PartVerb, string>> = {
  stop: 'end a part; it stays down until it is started',
  start: 'start a part that was stopped, and return when it is ready',
  kill: 'kill a part with all its processes, as a fault would; it comes back by itself',
};
const CALL_FAULT_HELP: Readonly<Record<CallFault['kind'], string>> = {
  delay: 'the call waits, then goes on',
  reset: 'the connection breaks before anything happened',
  timeout: 'no answer ever comes',
  'lost-answer': 'the call is carried out, and its answer is lost',
  throttle: 'the call is refused for being one too many',
  error: 'the call is refused with a code',
};

for (const verb of ['stop', 'start', 'kill'] as const) {
  program
    .command(verb)
    .description(VERBS[verb])
    .argument('<part>', 'a name that `status` lists; an instance is named by its EC2 id')
    .action((part: string) => changePart(verb, part));
}

const fault = program
  .command('fault')
  .description('make AWS fail, or what runs in stub clusters')
  .addHelpText(
    'after',
    `
A fault of AWS meets the next calls that match, then it is over. One marked (stub) is of a sandbox that was started with
\`up --stub\`; it stands until \`fault clear\`.`,
  );
const count = new Option('--count <n>', 'how many calls meet it').argParser(Number).default(1);
for (const kind of CALL_FAULTS) {
  fault
    .command(kind)
    .description(CALL_FAULT_HELP[kind])
    .option('--service <name>', 'only calls of this service: ec2, autoscaling, elbv2, kms, iam, sts, …')
    .option('--operation <name>', 'only this operation, such as CreateVolume')
    .addOption(new Option('--ms <n>', 'milliseconds, for delay and timeout').argParser(Number))
    .option('--code <code>', 'error code, for throttle and error')
    .addOption(count)
    .action((options: Omit<CallFault, 'kind'>) => addCallFault({ kind, ...options }));
}
fault
  .command('launch')
  .description('launches of an auto scaling group fail')
  .argument('<group>', 'its name')
  .option('--code <code>', 'error code', 'InsufficientInstanceCapacity')
  .option(
    '--dies',
    'the instance is launched, and dies of that before it runs: as under a KMS key that is disabled',
    false,
  )
  .addOption(count)
  .action((group: string, options: { code: string; count: number; dies: boolean }) => addLaunchFault(group, options));
fault
  .command('suspend')
  .description(
    'Auto Scaling gives a group up, as after a day of failed launches: it launches nothing until it is resumed',
  )
  .argument('<group>', 'its name')
  .action(giveUpGroup);
fault
  .command('volume')
  .description('volumes that are made come to nothing, as under a KMS key that is wrong')
  .addArgument(new Argument('<end>', 'they end in state error, or are gone').choices(VOLUME_ENDS))
  .addOption(count)
  .action((end: VolumeEnd, options: { count: number }) => addVolumeFault(end, options.count));
fault
  .command('unseen')
  .description('AWS forgets for a while what was just made: no list shows it, and no call that names it knows it')
  .argument('<ids...>', 'EC2 ids, ARNs, names of auto scaling groups')
  .addOption(new Option('--seconds <n>', 'for how long; 0 lets it be seen').argParser(Number).default(30))
  .action((ids: readonly string[], options: { seconds: number }) => hideFromSight(ids, options.seconds));
fault
  .command('linger')
  .description('an instance, once it is told to end, stays shutting-down, and holds its volume and interface')
  .argument('<instance>', 'its EC2 id')
  .addOption(new Option('--seconds <n>', 'for how long; 0 lets it end at once').argParser(Number).default(3_600))
  .action((instance: string, options: { seconds: number }) => linger(instance, options.seconds));
fault
  .command('hang')
  .description('instances stop answering, though they run as far as EC2 can tell')
  .argument('<instances...>', 'their EC2 ids; all of a zone, and the zone fails')
  .action(hang);
fault
  .command('resume')
  .description('instances that hang go on')
  .argument('<instances...>', 'their EC2 ids')
  .action(resume);
fault
  .command('lose-volume')
  .description('a volume fails: it is gone, with its data, also under a running instance')
  .argument('<volume>', 'its EC2 id')
  .action(loseVolume);
fault
  .command('detach-interface')
  .description('somebody takes a network interface from its instance')
  .argument('<interface>', 'its EC2 id')
  .action(detachInterface);
const ofCluster = new Option('--cluster <id>', 'only this cluster, such as gke-1a2b3c4d').default('*', 'every cluster');
fault
  .command('silence')
  .description('(stub) API servers accept connections and never answer')
  .addOption(ofCluster)
  .action((options: { cluster: string }) => addStubFault({ kind: 'silence', ...options }));
fault
  .command('absent-nodes')
  .description('(stub) machines of node pools boot and never join')
  .addOption(ofCluster)
  .option('--pool <id>', 'only this pool: its eight hex digits')
  .action((options: { cluster: string; pool?: string }) => addStubFault({ kind: 'absent-nodes', ...options }));
fault
  .command('refusal')
  .description('(stub) API servers refuse requests')
  .argument('<path>', 'requests whose path contains this, such as deployments/coredns')
  .addOption(ofCluster)
  .option('--method <method>', 'only requests with this one, such as PATCH')
  .addOption(new Option('--status <n>', 'HTTP status').argParser(Number).default(500))
  .option('--reason <word>', "Kubernetes' own word, such as Forbidden")
  .option('--message <text>', 'what the API server says', 'refused by a fault of the sandbox')
  .addOption(new Option('--count <n>', 'how many requests meet it (default: all)').argParser(Number))
  .action((path: string, options: Omit<Extract<StubFault, { kind: 'refusal' }>, 'kind' | 'path'>) =>
    addStubFault({ kind: 'refusal', path, ...options }),
  );
fault.command('list').description('show the faults that still stand').action(listFaults);
fault.command('clear').description('take back all faults that still stand').action(clearFaults);

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}

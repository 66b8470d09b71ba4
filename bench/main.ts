/**
 * The benches' command line: `npm run bench -- <name>`.
 *
 * Owns: names, options and help of the benches, and with which status they end. Neighbours: one file a bench, imported
 * when it is asked for, measures; `report.ts` prints. Bench may import every room, and no room imports bench.
 *
 * A bench is added by a line in `BENCHES` and a file that exports `run`.
 */
import { Command, Option } from 'commander';
import { reportFailure } from '../sandbox/failure.ts';
import { PARTS } from './faults/situations.ts';
import { isKept, jsonOf, type Report, textOf, thisComputer } from './report.ts';

/** Options as the command line gave them, by their camel-cased names. */
export type BenchOptions = Readonly<Record<string, unknown>>;

type Bench = {
  readonly about: string;
  readonly options: readonly Option[];
  readonly load: () => Promise<{ readonly run: (options: BenchOptions) => Promise<Report> }>;
};

/** Statuses: 1 a budget was missed, 2 wrong usage; others are the sandbox's. */
const EXIT = { missed: 1, usage: 2 } as const;

const BENCHES: Readonly<Record<string, Bench>> = {
  create: {
    about: 'the seed’s cluster: from apply to its last auto scaling group, hop by hop, and its calls by name',
    options: [
      new Option('--temporal <data>', 'where Temporal keeps its data')
        .choices(['memory', 'file', 'both'])
        .default('both'),
    ],
    load: () => import('./create.ts'),
  },
  idle: {
    about: 'clusters that nobody touches: calls to AWS in an hour',
    options: [new Option('--clusters <n>', 'how many, after one alone').default('100')],
    load: () => import('./idle.ts'),
  },
  sandbox: {
    about: 'how long a person waits: `up`, and from apply to three replicas and nine Ready nodes, on real machines',
    options: [],
    load: () => import('./sandbox.ts'),
  },
  scale: {
    about: 'many clusters with a pool each: what the first and the last cost, memory, cold starts, and a thousand',
    options: [
      new Option('--waves <list>', 'how many at once, wave after wave; the first and the last are compared').default(
        '25,100,100,25',
      ),
      new Option('--slots <n>', 'activity slots of the worker, instead of its default'),
      new Option('--cached <n>', 'workflows that the worker keeps in memory, instead of its default'),
    ],
    load: () => import('./scale.ts'),
  },
  fleet: {
    about: 'a hundred clusters, three of them stuck in different ways: how long a person waits to find them',
    options: [
      new Option('--clusters <n>', 'how many').default('100'),
      new Option('--runs <n>', 'how often each way is tried').default('11'),
    ],
    load: () => import('./fleet.ts'),
  },
  resize: {
    about: 'a node pool made larger, smaller and other: machines, calls, seconds; and a thousand nodes in one pool',
    options: [
      new Option('--nodes <n>', 'how many the large pool has; 0 for none').default('1000'),
      new Option('--pods <n>', 'how many pods each of its nodes has').default('10'),
    ],
    load: () => import('./resize.ts'),
  },
  upgrade: {
    about:
      'a control plane upgraded, taken back, upgraded again and committed: seconds a replica, calls, failed requests',
    options: [new Option('--real', 'real control planes, at AWS’s pace, while users ask them').default(false)],
    load: () => import('./upgrade.ts'),
  },
  throttling: {
    about: 'a hundred creates at once against the buckets that AWS documents, in virtual time: it takes seconds',
    options: [new Option('--creates <n>', 'how many at once').default('100')],
    load: () => import('./throttling.ts'),
  },
  admission: {
    about: 'reviews of the admission webhook, over HTTPS: median, 99th percentile and longest',
    options: [
      new Option('--reviews <n>', 'how many').default('10000'),
      new Option('--at-once <n>', 'how many at once').default('1'),
    ],
    load: () => import('./admission.ts'),
  },
  'command-line': {
    about: 'how long a person waits for `slipway`, beside `kubectl version --client`',
    options: [new Option('--runs <n>', 'how many of each command').default('21')],
    load: () => import('./command-line.ts'),
  },
  faults: {
    about:
      'every call of a create, of a delete and of what is done to node pools and control planes meets every fault, each in a case of its own',
    options: [
      new Option('--situations <names...>', 'only these; all of them without').choices([...PARTS]),
      new Option('--only <names...>', 'only cases whose name contains one of these'),
      new Option('--sample <n>', 'so many cases, spread over all of them'),
      new Option('--from <n>', 'leave out so many of the cases, in that order: the matrix in pieces'),
      new Option('--minutes <n>', 'begin no case after so many minutes'),
      new Option(
        '--real <n>',
        'so many cases with real control planes instead of the stub: of a create and a delete, or of the situations that are asked for, which can be of no node pool',
      ),
      new Option(
        '--all',
        'also pairs that say nothing new: reads whose answer is lost or late, each of three replicas',
      ),
      new Option('--width <n>', 'cases side by side on the worker that they share'),
      new Option('--lanes <n>', 'cases side by side whose worker is killed'),
      new Option('--logs <folder>', 'keep the workers’ logs there'),
    ],
    load: () => import('./faults/run.ts'),
  },
};

const program = new Command('npm run bench --')
  .description('Measures Slipway against its budget, on this computer, in a local cloud of its own.')
  .addHelpText(
    'after',
    '\nExit status: 0 every budget was kept, 1 one was missed, 2 wrong usage, else as `npm run sandbox`.',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage));

for (const [name, { about, options, load }] of Object.entries(BENCHES)) {
  const command = program.command(name).description(about);
  for (const option of options) command.addOption(option);
  command
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(async (given: BenchOptions) => {
      const { run } = await load();
      const report = await run(given);
      const print = given['output'] === 'json' ? jsonOf : textOf;
      process.stdout.write(`${print(report, thisComputer())}\n`);
      if (!report.budgets.every(isKept)) process.exitCode = EXIT.missed;
    });
}

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}

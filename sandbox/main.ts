/**
 * The sandbox's command line: `npm run sandbox -- <command>`.
 *
 * Owns: names, options and help of the commands, and how failures are printed. Neighbours: `commands/` does the work.
 */
import { Command, Option } from 'commander';
import { down, reset } from './commands/down.ts';
import { showLogs } from './commands/logs.ts';
import { changePart, type PartVerb } from './commands/parts.ts';
import { printStatus } from './commands/status.ts';
import { up } from './commands/up.ts';
import { EXIT, reportFailure } from './failure.ts';

const program = new Command('npm run sandbox --')
  .description('A local cloud: AWS, instances, load balancers and real Kubernetes processes on this computer.')
  .addHelpText(
    'after',
    `
Environment:
  SLIPWAY_HOME    where this sandbox keeps its state (default ~/.slipway); another home is another sandbox
  SLIPWAY_CACHE   where built tools are kept (default ~/.cache/slipway)

Exit status: 0 done, 2 wrong usage, 3 a prerequisite is missing, 4 a tool could not be built, 5 a part does not start,
6 there is no sandbox, 7 there is no such part, 8 refused, 1 anything else.`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT.usage));

program
  .command('up')
  .description('start the sandbox, or what is missing of it, and follow it until Ctrl-C ends it')
  .option('--detach', 'return when everything is ready, and leave it running', false)
  .action((options: { detach: boolean }) => up(options));
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
  start: 'start a part that was stopped',
  kill: 'kill a part with all its processes, as a fault would; it comes back by itself',
};
for (const verb of ['stop', 'start', 'kill'] as const) {
  program
    .command(verb)
    .description(VERBS[verb])
    .argument('<part>', 'a name that `status` lists; an instance is named by its EC2 id')
    .action((part: string) => changePart(verb, part));
}

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}

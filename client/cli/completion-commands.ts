/**
 * `slipway completion` and what it has shells call, `slipway __complete`.
 *
 * Owns: names and arguments of these commands. Neighbours: `program.ts` is the program; `completion.ts` reads lines,
 * `candidates.ts` asks the API, `completion-scripts.ts` has the scripts.
 */
import { Argument, type Command } from 'commander';
import { answerLines, completionScript, SHELLS, type Shell } from './completion-scripts.ts';
import type { ConfigurationOf } from './options.ts';
import { print } from './output.ts';

const shell = (): Argument => new Argument('<shell>', 'bash or zsh').choices(SHELLS);

const HELP = `
bash 4.4 and newer, in this shell:  source <(slipway completion bash)
bash, in every shell:               echo 'source <(slipway completion bash)' >> ~/.bashrc
zsh, in this shell, after compinit: source <(slipway completion zsh)
zsh, in every shell, once:          slipway completion zsh > "\${fpath[1]}/_slipway"

Commands, options and their values are completed, and names of clusters, node pools, namespaces and steps from the
management API, which is found as by the command that is typed.`;

export const addCompletionCommands = (program: Command, configurationOf: ConfigurationOf): void => {
  program
    .command('completion')
    .description('print a script that completes commands and names when Tab is pressed')
    .addArgument(shell())
    .addHelpText('after', HELP)
    .action((chosen: Shell) => void process.stdout.write(completionScript(chosen)));

  program
    .command('__complete', { hidden: true })
    .description('print what could be typed next: called by shells')
    .addArgument(shell())
    .argument('<line>', 'the line up to the cursor')
    .action(async (chosen: Shell, line: string) => {
      const [{ readLine }, { completionOf }] = await Promise.all([
        import('./shell-words.ts'),
        import('./completion.ts'),
      ]);
      const read = readLine(line);
      const { wanted, typed } = completionOf(program, read);
      if (wanted.kind === 'files') {
        print(wanted.kind);
        return;
      }
      const candidates =
        wanted.kind === 'words'
          ? wanted.candidates
          : await (await import('./candidates.ts')).candidatesFor(wanted, configurationOf);
      print(answerLines(chosen, candidates, { typed, quote: read.quote }).join('\n'));
    });
};

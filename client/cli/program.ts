/**
 * The program `slipway`: the tree of its commands.
 *
 * Owns: what is common to all of them, and where the configuration comes from. Neighbours: `main.ts` runs it; a file for each
 * group of commands adds them; `completion.ts` reads the tree.
 */
import { Command } from 'commander';
import { readConfiguration } from '../configuration.ts';
import { addClustersCommands } from './clusters-commands.ts';
import { addCompletionCommands } from './completion-commands.ts';
import { addOperationsCommands } from './operations-commands.ts';
import { type ConfigurationOf, output } from './options.ts';
import { addOrphansCommand } from './orphans-command.ts';
import { print, printJson } from './output.ts';

export const slipwayProgram = (): Command => {
  const program = new Command('slipway')
    .description('Highly available Kubernetes clusters in your AWS account, as durable workflows.')
    .option('--management-kubeconfig <path>', 'kubeconfig of the management API')
    .addHelpText(
      'after',
      `
Environment:
  SLIPWAY_HOME         where config.json and cached credentials are (default ~/.slipway)
  SLIPWAY_CACHE        what Node.js compiled, for a quicker start; default: slipway in XDG_CACHE_HOME, else in ~/.cache
  SLIPWAY_KUBECONFIG   kubeconfig of the management API; default: the one in config.json, else KUBECONFIG
  SLIPWAY_CONTEXT      context in it; default: its current context
  TEMPORAL_ADDRESS     host:port of Temporal; default: as in config.json, else 127.0.0.1:7233
  TEMPORAL_NAMESPACE   default: as in config.json, else default
  NO_COLOR             no colours; FORCE_COLOR: colours in a pipe, too
  SLIPWAY_DEBUG        show where an error came from

Exit status: 0 done, 1 it failed, 2 wrong usage.`,
    )
    .exitOverride();

  const configurationOf: ConfigurationOf = (kubeconfig) => {
    const option = kubeconfig ?? program.opts<{ managementKubeconfig?: string }>().managementKubeconfig;
    const environment = process.env;
    return readConfiguration(option === undefined ? environment : { ...environment, SLIPWAY_KUBECONFIG: option });
  };

  addClustersCommands(program, configurationOf);
  addOperationsCommands(program, configurationOf);
  addOrphansCommand(program, configurationOf);
  addCompletionCommands(program, configurationOf);

  program
    .command('version')
    .description('print the version, and in a sandbox those of its tools, and which way each came')
    .addOption(output('text', 'json'))
    .action(async (options: { output: string }) => {
      const { version, versionText } = await import('./version.ts');
      if (options.output === 'json') printJson(version());
      else print(versionText(version()));
    });

  return program;
};

/** `slipway clusters export-secrets` and `import-secrets`: their options. The work is done by `secrets.ts`. */
import type { Command } from 'commander';
import { type ConfigurationOf, namespaced, output, reading } from './options.ts';
import { print, printJson } from './output.ts';

type Options = {
  readonly namespace?: string;
  readonly file: string;
  readonly passphraseFile?: string;
  readonly output: string;
  readonly kubeconfig?: string;
};

const PASSPHRASE = ['--passphrase-file <path>', 'file with the passphrase; default: SLIPWAY_PASSPHRASE'] as const;

export const addSecretsCommands = (clusters: Command, configurationOf: ConfigurationOf): void => {
  reading(namespaced(clusters.command('export-secrets <name>')))
    .description(
      "write a cluster's Secrets to a file, sealed by a passphrase, by your own rights in the management API",
    )
    .requiredOption('--file <path>', 'the file to write, which must not be there')
    .option(...PASSPHRASE)
    .addOption(output('text', 'json'))
    .action(async (name: string, options: Options) => {
      const { exportSecrets, exportText, passphraseOf } = await import('./secrets.ts');
      const { file, namespace, passphraseFile } = options;
      const moved = await exportSecrets(
        configurationOf(options.kubeconfig),
        { name, ...(namespace === undefined ? {} : { namespace }) },
        { file, passphrase: passphraseOf(passphraseFile, process.env) },
      );
      if (options.output === 'json') printJson(moved);
      else print(exportText(moved, file));
    });

  reading(clusters.command('import-secrets'))
    .description('make the Secrets of such a file in the namespace that they had, and write over none')
    .requiredOption('--file <path>', 'the file')
    .option(...PASSPHRASE)
    .addOption(output('text', 'json'))
    .action(async (options: Options) => {
      const { importSecrets, importText, passphraseOf } = await import('./secrets.ts');
      const { file, passphraseFile } = options;
      const moved = await importSecrets(configurationOf(options.kubeconfig), {
        ...{ file, passphrase: passphraseOf(passphraseFile, process.env) },
      });
      if (options.output === 'json') printJson(moved);
      else print(importText(moved));
    });
};

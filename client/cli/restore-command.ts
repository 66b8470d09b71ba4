/**
 * `slipway clusters restore`: its name, options, and what is printed where.
 *
 * Owns: that nothing is asked for without a preview that was shown and a `--yes`. Neighbours: `clusters-commands.ts` has the other commands of
 * clusters; `restore.ts` does the work, and is loaded when the command runs.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { present } from '../../words/present.ts';
import { NEWEST } from '../../words/restore.ts';
import { snapshotNamed } from '../../words/snapshots.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { type ConfigurationOf, namespaced, output, reading } from './options.ts';
import { print, printJson, say } from './output.ts';
import type { Preview } from './restore.ts';

type RestoreOptions = {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly from: string;
  readonly preview: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly output: string;
};

const snapshot = (text: string): string => {
  const named = snapshotNamed(text);
  if (text === NEWEST || (named !== undefined && !named.isManifest)) return text;
  throw new InvalidArgumentError(
    'It must be newest, or the key of a snapshot, such as gke-0a1b2c3d/etcd/20261130T194500123Z-4711.db.',
  );
};

const carryOut = async (
  configuration: ClientConfiguration,
  preview: Preview,
  options: RestoreOptions,
): Promise<void> => {
  const [{ askedText, askForRestore, awaitRestore, freshToken, restoredText }, { managementApi }] = await Promise.all([
    import('./restore.ts'),
    import('../management.ts'),
  ]);
  const api = managementApi(configuration);
  const asked = await askForRestore(api, preview, { token: freshToken(), now: Date.now() });
  if (options.wait) await awaitRestore(asked, { api, onProgress: say });
  const { object, from, token, id } = asked;
  if (options.output === 'json') printJson({ object, from, token, id, restored: options.wait });
  else print(options.wait ? restoredText(asked, Date.now()) : askedText(asked));
};

export const addRestore = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  reading(namespaced(clusters.command('restore <name>')))
    .description(
      "have a cluster's etcd begin again with what a snapshot holds: shows what will be lost since, and does it with --yes",
    )
    .requiredOption('--from <snapshot>', "newest, or a key as 'slipway clusters backups' lists it", snapshot)
    .option('--preview', 'show what will be lost since, and do nothing', false)
    .option('--yes', 'restore it', false)
    .option('--no-wait', 'ask for it, and do not wait until it is done')
    .addOption(output('text', 'json'))
    .action(async (name: string, options: RestoreOptions, command: Command) => {
      const [{ previewRestore }, { previewLines }] = await Promise.all([
        import('./restore.ts'),
        import('./restore-text.ts'),
      ]);
      const { namespace, from, preview: only, yes, output: format } = options;
      const configuration = configurationOf(options.kubeconfig);
      const preview = await previewRestore(configuration, { name, from, ...present({ namespace }) });
      const lines = previewLines(preview.object, preview, Date.now()).join('\n');
      if (only && format === 'json') printJson(preview);
      else if (only) print(lines);
      else say(lines);
      if (only) return undefined;
      if (!yes)
        return command.error("error: nothing was done: this is what a restore would do; add '--yes' to have it done");
      return carryOut(configuration, preview, options);
    });

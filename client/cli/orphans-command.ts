/** `slipway orphans`: its options. What it prints is made by `orphans.ts`. */
import type { Command } from 'commander';
import type { ClientConfiguration } from '../configuration.ts';
import { UserError } from '../user-error.ts';
import { type ConfigurationOf, clusterId, output } from './options.ts';
import { print, printJson, say } from './output.ts';

type Options = {
  readonly cluster?: string;
  /** `true` without an id. */
  readonly remove?: string | true;
  readonly yes: boolean;
  readonly output: string;
};

const remove = async (
  configuration: ClientConfiguration,
  { cluster, remove: named, yes, output: format }: Options,
): Promise<void> => {
  const { listOrphans, meantIn, ofCluster, orphanLines, removeOrphans } = await import('./orphans.ts');
  const list = await listOrphans(configuration);
  const removal = meantIn(list, {
    ...(cluster === undefined ? {} : { clusterId: cluster }),
    ...(typeof named === 'string' ? { id: named } : {}),
  });
  if (!yes) {
    const what = removal.id ?? `All of this, and what controllers of cluster ${removal.clusterId} made, too,`;
    if (removal.id === undefined) say(orphanLines(ofCluster(list, removal.clusterId), Date.now()).join('\n'));
    throw new UserError(`${what} would go for good. Nothing was removed: say --yes, too.`);
  }
  const result = await removeOrphans(configuration, removal, say);
  if (format === 'json') printJson({ ...removal, state: result.state });
  else print(`${removal.id ?? `Everything of cluster ${removal.clusterId}`} is gone.`);
};

export const addOrphansCommand = (program: Command, configurationOf: ConfigurationOf): void => {
  program
    .command('orphans')
    .description(
      'list what carries tags of Slipway in AWS and belongs to no object of the management API, or remove it',
    )
    .option('--cluster <cluster id>', 'only what is of this cluster, such as gke-0a1b2c3d', clusterId)
    .option('--remove [id]', 'remove one thing, or with --cluster all that is left of it, as a deletion does')
    .option('--yes', 'with --remove: do it', false)
    .addOption(output('table', 'json'))
    .action(async (options: Options) => {
      const configuration = configurationOf();
      if (options.remove !== undefined) return remove(configuration, options);
      const { listOrphans, noOrphans, ofCluster, orphanLines } = await import('./orphans.ts');
      const list = ofCluster(await listOrphans(configuration), options.cluster);
      if (options.output === 'json') printJson(list);
      else if (list.clusters.length > 0) print(orphanLines(list, Date.now()).join('\n'));
      else say(noOrphans(list, options.cluster));
    });
};

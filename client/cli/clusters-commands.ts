/**
 * `slipway clusters …`: clusters and their node pools.
 *
 * Owns: names, arguments and options of these commands. Neighbours: each command's work is in a file of its own; what is
 * heavy to load is loaded by the command that needs it, since people and kubectl wait for us.
 */
import { type Command, InvalidArgumentError } from 'commander';
import type { ObjectRef } from '../../api/object.ts';
import { present } from '../../words/present.ts';
import { stuckCount } from '../../words/stuck.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { type ConfigurationOf, clusterId, listing, namespaced, output, reading } from './options.ts';
import { paintFor, print, printJson, say } from './output.ts';
import { addRestore } from './restore-command.ts';
import { addSecretsCommands } from './secrets-commands.ts';

/** Without a number the option is `true`: the newest. */
type UpdateOptions = {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly revision: number | true;
  readonly output: string;
};

const revisionNumber = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of a revision, such as 3.');
};

type ListOptions = {
  readonly namespace?: string;
  readonly allNamespaces: boolean;
  readonly stuck: boolean;
  readonly output: string;
  readonly kubeconfig?: string;
};

const addList = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  listing(clusters.command('list'), 'clusters')
    .description(
      'list clusters, stuck ones first: at which step, since when, which version runs, and how old the newest backup is',
    )
    .addOption(output('table', 'wide', 'json'))
    .action(async (options: ListOptions) => {
      const [{ managementApi }, { clusterTable, listedClusters }, { stuckAt }] = await Promise.all([
        import('../management.ts'),
        import('./list.ts'),
        import('../stuck.ts'),
      ]);
      const api = managementApi(configurationOf(options.kubeconfig));
      const namespace = options.allNamespaces ? undefined : (options.namespace ?? api.defaultNamespace);
      const now = Date.now();
      const found = await api.clusters(namespace);
      const isWanted = (stuck: unknown): boolean => !options.stuck || stuck !== undefined;
      if (options.output === 'json') return printJson(found.filter((cluster) => isWanted(stuckAt(cluster, now))));
      if (found.length === 0) {
        return say(namespace === undefined ? 'No clusters found.' : `No clusters found in namespace ${namespace}.`);
      }
      const listed = listedClusters(found, now);
      const shown = listed.filter(({ stuck }) => isWanted(stuck));
      if (shown.length > 0) print(clusterTable(shown, now, options.output === 'wide'));
      say(
        stuckCount(
          listed.map(({ stuck }) => stuck),
          'cluster',
        ),
      );
    });

const addDescribe = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  reading(namespaced(clusters.command('describe <name>')))
    .description('show a cluster as a tree: its state, the live step, attempts and the last error')
    .addOption(output('tree', 'json'))
    .action(async (name: string, options: { namespace?: string; output: string; kubeconfig?: string }) => {
      const [{ readDescription }, { describeLines }] = await Promise.all([
        import('./describe-command.ts'),
        import('./describe.ts'),
      ]);
      const description = await readDescription(configurationOf(options.kubeconfig), name, options.namespace);
      if (options.output === 'json') printJson(description);
      else print(describeLines(description, Date.now(), paintFor(process.stdout, process.env)).join('\n'));
    });

type PlanOptions = {
  readonly namespace?: string;
  readonly filename?: string;
  readonly version?: string;
  readonly output: string;
  readonly kubeconfig?: string;
};

const planOfFile = async (configuration: ClientConfiguration, path: string, options: PlanOptions): Promise<void> => {
  const [{ planFile }, { demandTaken, filePlanLines }] = await Promise.all([
    import('./plan-file.ts'),
    import('./plan-file-text.ts'),
  ]);
  const { plans, others } = await planFile(configuration, path, options.namespace);
  if (options.output === 'json') printJson(plans);
  else print(filePlanLines(plans).join('\n'));
  if (others.length > 0) say(`Not Slipway's, so nothing is said of it: ${others.join(', ')}.`);
  demandTaken(plans);
};

const planVersion = async (
  configuration: ClientConfiguration,
  asked: { readonly name: string; readonly namespace?: string; readonly version: string },
  format: string,
): Promise<void> => {
  const { demandFree, planUpgrade, upgradePlanLines } = await import('./plan-upgrade.ts');
  const plan = await planUpgrade(configuration, asked);
  if (format === 'json') printJson(plan);
  else print(upgradePlanLines(plan).join('\n'));
  demandFree(plan);
};

const addPlan = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  reading(namespaced(clusters.command('plan [name]')))
    .description(
      'say what would be done now for a cluster and its node pools, what applying a file would do, or what stands in the way of an upgrade, and do nothing',
    )
    .option('-f, --filename <path>', 'the file that would be applied; - for standard input')
    .option('--version <version>', 'the version that the cluster would be asked for, such as 1.37.2-gke.1')
    .addOption(output('text', 'json'))
    .action(async (name: string | undefined, options: PlanOptions, command: Command) => {
      const { filename, version, namespace, output: format } = options;
      if ((name === undefined) === (filename === undefined)) {
        return command.error("error: give either the name of a cluster, or a file with '-f'");
      }
      if (name === undefined && version !== undefined) {
        return command.error("error: '--version' is of a cluster that there is: give its name instead of a file");
      }
      const configuration = configurationOf(options.kubeconfig);
      if (filename !== undefined) return planOfFile(configuration, filename, options);
      const asked = { name: name ?? '', ...(namespace === undefined ? {} : { namespace }) };
      if (version !== undefined) return planVersion(configuration, { ...asked, version }, format);
      const { planCluster, planLines } = await import('./plan.ts');
      const planned = await planCluster(configuration, asked.name, namespace);
      if (options.output === 'json') printJson(planned);
      else print(planLines(planned).join('\n'));
    });

const addUpdate = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  reading(namespaced(clusters.command('update <name>')))
    .description("bring a cluster's add-ons to a newer revision of its version; its machines stay as they are")
    .requiredOption('--revision [number]', 'the revision; the newest unless given', revisionNumber)
    .addOption(output('text', 'json'))
    .action(async (name: string, options: UpdateOptions) => {
      const { updateCluster, updateText } = await import('./update.ts');
      const { namespace, revision } = options;
      const asked = {
        ...(namespace === undefined ? {} : { namespace }),
        ...(revision === true ? {} : { revision }),
      };
      const update = await updateCluster(configurationOf(options.kubeconfig), name, asked);
      if (options.output === 'json') printJson(update);
      else print(updateText(update));
    });

type BackupOptions = { readonly namespace?: string; readonly output: string; readonly kubeconfig?: string };

const addBackup = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  reading(namespaced(clusters.command('backup <name>')))
    .description("keep a snapshot of a cluster's etcd in the bucket now, and wait until it is there and checked")
    .addOption(output('text', 'json'))
    .action(async (name: string, options: BackupOptions) => {
      const { backUpCluster, backupText } = await import('./backups.ts');
      const backup = await backUpCluster(configurationOf(options.kubeconfig), name, options.namespace, say);
      if (options.output === 'json') printJson(backup);
      else print(backupText(backup));
    });

const addBackups = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  reading(namespaced(clusters.command('backups [name]')))
    .description("list the snapshots of a cluster's etcd, the newest first, and whether each can be relied on")
    .option(
      '--id <cluster id>',
      'instead of a name: those of a cluster that may be gone, such as gke-0a1b2c3d',
      clusterId,
    )
    .addOption(output('table', 'json'))
    .action(async (name: string | undefined, options: BackupOptions & { readonly id?: string }) => {
      const { backupTable, listBackups } = await import('./backups.ts');
      const { bucket, backups } = await listBackups(configurationOf(options.kubeconfig), {
        ...options,
        ...present({ name }),
      });
      if (options.output === 'json') printJson({ bucket, backups });
      else if (backups.length > 0) print(backupTable(backups));
      else say(`Bucket ${bucket} has no snapshot of cluster ${options.id ?? name}.`);
    });

const addGetCredentials = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  namespaced(clusters.command('get-credentials <name>'))
    .description("add the cluster's context to a kubeconfig and switch to it")
    .option('--kubeconfig <path>', 'kubeconfig to write; default as kubectl: $KUBECONFIG or ~/.kube/config')
    .addOption(output('text', 'json'))
    .action(async (name: string, options: { namespace?: string; kubeconfig?: string; output: string }) => {
      const { credentialsText, getCredentials } = await import('./get-credentials.ts');
      const written = await getCredentials(configurationOf(), process.env, name, options);
      if (options.output === 'json') printJson(written);
      else print(credentialsText(written));
    });

const addCredential = (clusters: Command, configurationOf: ConfigurationOf): Command =>
  clusters
    .command('credential <namespace> <name> <uid>', { hidden: true })
    .description('print an ExecCredential: called by kubectl')
    .action(async (namespace: string, name: string, uid: string) => {
      const { credentialFor, execCredential } = await import('./exec-credential.ts');
      const object: ObjectRef = { kind: 'AWSCluster', namespace, name, uid };
      print(execCredential(await credentialFor(configurationOf(), process.env, object)));
    });

export const addClustersCommands = (program: Command, configurationOf: ConfigurationOf): void => {
  const clusters = program.command('clusters').description('clusters and their node pools');
  const looking = [addList, addDescribe, addPlan, addBackups];
  for (const add of [...looking, addUpdate, addBackup, addRestore, addGetCredentials, addCredential])
    add(clusters, configurationOf);
  addSecretsCommands(clusters, configurationOf);
};

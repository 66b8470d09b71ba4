#!/usr/bin/env node
/**
 * `slipway`: the command line. Data goes to standard output, everything else to standard error.
 *
 * Owns: commands, options and exit codes: 0 done, 1 it failed, 2 it was called wrongly. Neighbours: each command's work
 * is in a file of its own; what is heavy to load is loaded by the command that needs it, since kubectl waits for us.
 */
import { Command, CommanderError, Option } from 'commander';
import type { ObjectRef } from '../../api/object.ts';
import { type ClientConfiguration, readConfiguration } from '../configuration.ts';
import { addOperationsCommands } from './operations-commands.ts';
import { endWithReader, paintFor, print, printJson, say } from './output.ts';

const FAILED = 1;
const WRONG_USAGE = 2;

const output = (...formats: readonly string[]): Option =>
  new Option('-o, --output <format>', 'how to print it').choices(formats).default(formats[0]);

const namespaced = (command: Command): Command =>
  command.option('-n, --namespace <namespace>', "namespace; default: that of the kubeconfig's context");

const reading = (command: Command): Command =>
  command.option('--kubeconfig <path>', 'kubeconfig of the management API, as --management-kubeconfig');

const program = new Command('slipway')
  .description('Highly available Kubernetes clusters in your AWS account, as durable workflows.')
  .option('--management-kubeconfig <path>', 'kubeconfig of the management API')
  .addHelpText(
    'after',
    `
Environment:
  SLIPWAY_HOME         where config.json and cached credentials are (default ~/.slipway)
  SLIPWAY_KUBECONFIG   kubeconfig of the management API; default: the one in config.json, else KUBECONFIG
  SLIPWAY_CONTEXT      context in it; default: its current context
  TEMPORAL_ADDRESS     host:port of Temporal; default: as in config.json, else 127.0.0.1:7233
  TEMPORAL_NAMESPACE   default: as in config.json, else default
  NO_COLOR             no colours; FORCE_COLOR: colours in a pipe, too
  SLIPWAY_DEBUG        show where an error came from

Exit status: 0 done, 1 it failed, 2 wrong usage.`,
  )
  .exitOverride();

const configurationOf = (kubeconfig?: string): ClientConfiguration => {
  const option = kubeconfig ?? program.opts<{ managementKubeconfig?: string }>().managementKubeconfig;
  const environment = process.env;
  return readConfiguration(option === undefined ? environment : { ...environment, SLIPWAY_KUBECONFIG: option });
};

const clusters = program.command('clusters').description('clusters and their node pools');

reading(namespaced(clusters.command('list')))
  .description('list clusters')
  .option('-A, --all-namespaces', 'in all namespaces', false)
  .addOption(output('table', 'json'))
  .action(async (options: { namespace?: string; allNamespaces: boolean; output: string; kubeconfig?: string }) => {
    const [{ managementApi }, { clusterTable }] = await Promise.all([import('../management.ts'), import('./list.ts')]);
    const api = managementApi(configurationOf(options.kubeconfig));
    const namespace = options.allNamespaces ? undefined : (options.namespace ?? api.defaultNamespace);
    const found = await api.clusters(namespace);
    if (options.output === 'json') printJson(found);
    else if (found.length > 0) print(clusterTable(found, Date.now()));
    else say(namespace === undefined ? 'No clusters found.' : `No clusters found in namespace ${namespace}.`);
  });

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

reading(namespaced(clusters.command('plan <name>')))
  .description('say what would be done now for a cluster and its node pools, and do nothing')
  .addOption(output('text', 'json'))
  .action(async (name: string, options: { namespace?: string; output: string; kubeconfig?: string }) => {
    const { planCluster, planLines } = await import('./plan.ts');
    const planned = await planCluster(configurationOf(options.kubeconfig), name, options.namespace);
    if (options.output === 'json') printJson(planned);
    else print(planLines(planned).join('\n'));
  });

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

clusters
  .command('credential <namespace> <name> <uid>', { hidden: true })
  .description('print an ExecCredential: called by kubectl')
  .action(async (namespace: string, name: string, uid: string) => {
    const [{ credentialFor }, { execCredential }] = await Promise.all([
      import('./exec-credential.ts'),
      import('./credentials.ts'),
    ]);
    const object: ObjectRef = { kind: 'AWSCluster', namespace, name, uid };
    print(execCredential(await credentialFor(configurationOf(), process.env, object)));
  });

addOperationsCommands(program, configurationOf);

program
  .command('version')
  .description('print the version')
  .addOption(output('text', 'json'))
  .action(async (options: { output: string }) => {
    const { version } = await import('./version.ts');
    if (options.output === 'json') printJson(version());
    else print(`slipway ${version().version} (Node.js ${version().node})`);
  });

endWithReader();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  else {
    const { userMessage } = await import('./errors.ts');
    say(`slipway: ${userMessage(error)}`);
    process.exitCode = FAILED;
  }
}

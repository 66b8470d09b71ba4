#!/usr/bin/env node
/**
 * `slipway`: the command line. Data goes to standard output, everything else to standard error.
 *
 * Owns: commands, options and exit codes: 0 done, 1 it failed, 2 it was called wrongly. Neighbours: each command's work
 * is in a file of its own; what is heavy to load is loaded by the command that needs it, since kubectl waits for us.
 */
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import type { ObjectRef } from '../../api/object.ts';
import { readConfiguration, slipwayHome } from '../configuration.ts';

type Output = 'table' | 'json';

const program = new Command('slipway')
  .description('Highly available Kubernetes clusters in your AWS account, as durable workflows')
  .option('--management-kubeconfig <path>', 'kubeconfig of the management API')
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(text) });

const configurationOf = () => {
  const option = program.opts<{ managementKubeconfig?: string }>().managementKubeconfig;
  const configuration = readConfiguration();
  return option === undefined ? configuration : { ...configuration, kubeconfig: option };
};

const credentialsFolder = (): string => join(slipwayHome(process.env), 'credentials');

const clusters = program.command('clusters').description('Clusters and their node pools');

clusters
  .command('list')
  .description('List clusters')
  .option('-n, --namespace <namespace>', 'namespace')
  .option('-A, --all-namespaces', 'in all namespaces', false)
  .option('-o, --output <format>', 'table or json', 'table')
  .action(async (options: { namespace?: string; allNamespaces: boolean; output: Output }) => {
    const { listClusters } = await import('./list.ts');
    console.log(await listClusters(configurationOf(), options));
  });

clusters
  .command('describe <name>')
  .description('Show a cluster as a tree: its state, the live step, attempts and the last error')
  .option('-n, --namespace <namespace>', 'namespace')
  .option('-o, --output <format>', 'tree or json', 'tree')
  .action(async (name: string, options: { namespace?: string; output: string }) => {
    const { describeCluster } = await import('./describe-command.ts');
    console.log(await describeCluster(configurationOf(), name, options));
  });

clusters
  .command('get-credentials <name>')
  .description("Add the cluster's context to your kubeconfig and switch to it")
  .option('-n, --namespace <namespace>', 'namespace')
  .option('--kubeconfig <path>', 'kubeconfig to write; default as kubectl: $KUBECONFIG or ~/.kube/config')
  .option('-o, --output <format>', 'text or json', 'text')
  .action(async (name: string, options: { namespace?: string; kubeconfig?: string; output: string }) => {
    const { getCredentials } = await import('./get-credentials.ts');
    const written = await getCredentials(configurationOf(), credentialsFolder(), name, options);
    if (options.output === 'json') console.log(JSON.stringify(written, null, 2));
    else console.error(`Kubeconfig entry "${written.context}" written to ${written.kubeconfig}.`);
  });

clusters
  .command('credential <namespace> <name> <uid>')
  .description('Print an ExecCredential: called by kubectl')
  .action(async (namespace: string, name: string, uid: string) => {
    const { cachedCredential, execCredential, issueCredential } = await import('./credentials.ts');
    const object: ObjectRef = { kind: 'AWSCluster', namespace, name, uid };
    const folder = credentialsFolder();
    const credential =
      cachedCredential(folder, object, Date.now()) ?? (await issueCredential(configurationOf(), folder, object));
    console.log(execCredential(credential));
  });

program
  .command('version')
  .description('Print the version')
  .option('-o, --output <format>', 'text or json', 'text')
  .action(async (options: { output: string }) => {
    const { versionText } = await import('./version.ts');
    console.log(versionText(options.output));
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    const { userMessage } = await import('./errors.ts');
    console.error(`slipway: ${userMessage(error)}`);
    process.exitCode = 1;
  }
}

/**
 * `slipway operations …`: what runs and what is blocked, and the verbs that move it on.
 *
 * Owns: names, arguments and options of these commands. Neighbours: `program.ts` is the program; the work is done in
 * `../verbs.ts` and `../blocked.ts`, which are loaded only when a command runs.
 */

import { Argument, type Command, Option } from 'commander';
import { referenceTo } from '../../api/object.ts';
import { stuckByListing, stuckCount } from '../../words/stuck.ts';
import type { Verb } from '../../words/verbs.ts';
import { KIND_WORDS, kindOf } from './kinds.ts';
import { type ConfigurationOf, listing, namespaced, output, reading, timeout } from './options.ts';
import { paintFor, print, printJson, say } from './output.ts';

type Common = { readonly namespace?: string; readonly kubeconfig?: string; readonly output: string };
type Asked = Common & { readonly step?: string; readonly timeout: number };

/** A worker that is up takes far less. */
const ANSWER_SECONDS = 5;

type VerbCommand = {
  readonly verb: Verb;
  readonly description: string;
  /** Whether it may be, or must be, about one step. */
  readonly step?: 'optional' | 'required';
};

const VERBS: readonly VerbCommand[] = [
  {
    verb: 'retry',
    description: 'try what is blocked again now: one step, or all; or look at the object again',
    step: 'optional',
  },
  { verb: 'skip', description: 'go on without a step that is blocked, or without waiting for one', step: 'required' },
  { verb: 'pause', description: 'start no more steps, and try none again, until resumed' },
  { verb: 'resume', description: 'go on after a pause, or begin again after an abort' },
  {
    verb: 'abort',
    description:
      'stop; what exists stays as it is, an upgrade goes back, and nothing begins then until resumed, changed or deleted',
  },
];

const about = (command: Command, ...formats: readonly string[]): Command =>
  reading(
    namespaced(
      command
        .addArgument(new Argument('<kind>', 'cluster or nodepool').choices(KIND_WORDS))
        .argument('<name>', 'name of the object'),
    ),
  ).addOption(output(...formats));

const addList = (operations: Command, configurationOf: ConfigurationOf): Command =>
  listing(operations.command('list'), 'objects')
    .description('list what runs and what is blocked, of clusters and node pools: what is stuck first')
    .addOption(output('table', 'json'))
    .action(async (options: Common & { readonly allNamespaces: boolean; readonly stuck: boolean }) => {
      const [{ managementApi }, { withTemporal }, { listOperations }, { operationTable, urgentFirst }] =
        await Promise.all([
          import('../management.ts'),
          import('../temporal.ts'),
          import('../blocked.ts'),
          import('./operations-list.ts'),
        ]);
      const configuration = configurationOf(options.kubeconfig);
      const namespace = options.allNamespaces
        ? undefined
        : (options.namespace ?? managementApi(configuration).defaultNamespace);
      const listed = await withTemporal(configuration, (client) => listOperations(client, namespace));
      const shown = listed.filter((one) => !options.stuck || stuckByListing(one) !== undefined);
      if (options.output === 'json') return printJson(shown);
      if (listed.length === 0) {
        return say(
          `Nothing runs and nothing is blocked${namespace === undefined ? '' : ` in namespace ${namespace}`}.`,
        );
      }
      if (shown.length > 0) print(operationTable(urgentFirst(shown), Date.now()));
      say(stuckCount(listed.map(stuckByListing), 'object'));
    });

const addDescribe = (operations: Command, configurationOf: ConfigurationOf): Command =>
  about(operations.command('describe'), 'tree', 'json')
    .description('show the operation of a cluster or node pool: its steps, attempts and errors')
    .action(async (kind: string, name: string, options: Common) => {
      const [{ readOperationOf }, { operationLines }] = await Promise.all([
        import('./describe-command.ts'),
        import('./describe.ts'),
      ]);
      const described = await readOperationOf(
        configurationOf(options.kubeconfig),
        kindOf(kind),
        name,
        options.namespace,
      );
      if (options.output === 'json') printJson(described);
      else print(operationLines(described, Date.now(), paintFor(process.stdout, process.env)).join('\n'));
    });

const addVerb = (
  { verb, description, step }: VerbCommand,
  operations: Command,
  configurationOf: ConfigurationOf,
): void => {
  const command = about(operations.command(verb), 'text', 'json').description(description);
  const option = new Option('--step <step>', "the step's id, such as 'ensure etcd-volume/0'");
  if (step !== undefined) command.addOption(step === 'required' ? option.makeOptionMandatory() : option);
  command.addOption(
    timeout('how long to wait for a worker to accept it, before it is sent as a signal instead', ANSWER_SECONDS),
  );
  command.action(async (kind: string, name: string, options: Asked) => {
    const [{ managementApi }, { withTemporal }, { sayVerb }] = await Promise.all([
      import('../management.ts'),
      import('../temporal.ts'),
      import('../verbs.ts'),
    ]);
    const configuration = configurationOf(options.kubeconfig);
    const api = managementApi(configuration);
    const object = await api.object(kindOf(kind), options.namespace ?? api.defaultNamespace, name);
    const said = await withTemporal(configuration, (client) =>
      sayVerb(client, {
        verb,
        object: referenceTo(object),
        ...(options.step === undefined ? {} : { step: options.step }),
        acceptMs: options.timeout * 1_000,
      }),
    );
    if (options.output === 'json') printJson(said);
    else print(`${object.kind.toLowerCase()}/${name}: ${said.answer}`);
  });
};

export const addOperationsCommands = (program: Command, configurationOf: ConfigurationOf): void => {
  const operations = program.command('operations').description('operations on clusters and node pools');
  addList(operations, configurationOf);
  addDescribe(operations, configurationOf);
  for (const verb of VERBS) addVerb(verb, operations, configurationOf);
};

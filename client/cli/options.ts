/** Options that many commands have, each spelled once. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ClientConfiguration } from '../configuration.ts';

/** How a command gets its configuration; with a kubeconfig of the management API where it has an option for that. */
export type ConfigurationOf = (kubeconfig?: string) => ClientConfiguration;

const MANAGEMENT = 'kubeconfig of the management API, as --management-kubeconfig';

export const output = (...formats: readonly string[]): Option =>
  new Option('-o, --output <format>', 'how to print it').choices(formats).default(formats[0]);

export const namespaced = (command: Command): Command =>
  command.option('-n, --namespace <namespace>', "namespace; default: that of the kubeconfig's context");

/** Of commands that read from the management API: `--kubeconfig` is how kubectl's users say where it is. */
export const reading = (command: Command): Command => command.option('--kubeconfig <path>', MANAGEMENT);

/** Of commands that list what a namespace, or all of them, have of something. */
export const listing = (command: Command, what: string): Command =>
  reading(namespaced(command))
    .option('-A, --all-namespaces', 'in all namespaces', false)
    .option('--stuck', `only ${what} that are stuck`, false);

const seconds = (text: string): number => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number of seconds, such as 30.');
  return value;
};

/** `--timeout <seconds>`, in seconds; `what` says what is waited for. */
export const timeout = (what: string, byDefault: number): Option =>
  new Option('--timeout <seconds>', what).argParser(seconds).default(byDefault);

/** Whether it is one of these, and not another kubeconfig. */
export const isManagements = (option: Option): boolean =>
  option.long === '--management-kubeconfig' || option.description === MANAGEMENT;

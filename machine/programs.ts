/**
 * Programs: how components are described as data.
 *
 * Owns: the spelling of flags, and where a machine's certificates and files lie. Neighbours: `components.ts`, `api-server.ts` and
 * `node-components.ts` describe with it.
 */
import type { Directories, Program } from './component.ts';
import type { ReplicaMachine } from './replica-machine.ts';

/** `{'client-ca-file': 'x', leader-elect: true}` -> `['--client-ca-file=x', '--leader-elect=true']`. */
const flags = (values: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

export const binary = (command: string, values: Parameters<typeof flags>[0], environment = {}): Program => ({
  kind: 'binary',
  command,
  arguments: flags(values),
  environment,
});

/** What Kubernetes' own programs of a control plane are told of the minor that they serve as: nothing where it is their own. */
export const emulationFlag = ({ emulates }: Pick<ReplicaMachine, 'emulates'>): Readonly<Record<string, string>> =>
  emulates === undefined ? {} : { 'emulated-version': emulates };

/** Paths of certificates, keys and files by name. */
export const pathsOf = (directories: Pick<Directories, 'certificates' | 'configuration'>) => ({
  certificate: (name: string) => `${directories.certificates}/${name}.crt`,
  key: (name: string) => `${directories.certificates}/${name}.key`,
  file: (name: string) => `${directories.configuration}/${name}`,
});

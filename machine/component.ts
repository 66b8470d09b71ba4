/**
 * Component: the shape of one program that a machine runs, as plain data.
 *
 * Owns: the vocabulary between `components.ts`, which says what runs, and the agent's hosts, which run it: kubelet
 * static pods on a real machine, supervised processes in the sandbox.
 */

/** A file to be there before the component starts. Files carry paths of keys, or keys that are sealed elsewhere (I8). */
export type MachineFile = { readonly path: string; readonly content: string; readonly mode: number };

/** How to see that a component serves. */
export type Probe = {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
};

export type Program =
  /** An executable of the machine's image. */
  | {
      readonly kind: 'binary';
      readonly command: string;
      readonly arguments: readonly string[];
      readonly environment: Readonly<Record<string, string>>;
    }
  /** A service of the agent itself. */
  | { readonly kind: 'kms-plugin'; readonly socket: string; readonly keyArn: string; readonly clusterId: string }
  | {
      readonly kind: 'node-approver';
      readonly server: string;
      readonly certificateFile: string;
      readonly keyFile: string;
      readonly authorityFile: string;
      readonly clusterId: string;
      readonly region: string;
      readonly index: number;
    };

export type Component = {
  readonly name: string;
  /** Without a leading v; the agent's own services have the agent's version. */
  readonly version?: string;
  readonly program: Program;
  readonly files: readonly MachineFile[];
  readonly probe?: Probe;
  /** Components that must be ready before this one starts for the first time. It stops before they do. */
  readonly after: readonly string[];
  /** How long it may take to end by itself before it is killed. */
  readonly stopSeconds: number;
};

/** Where a host keeps a machine's files; absolute paths. */
export type Directories = {
  /** Private: keys and certificates, in memory where the host has it. */
  readonly certificates: string;
  readonly configuration: string;
  /** Root of the etcd volume's file system. */
  readonly volume: string;
};

/**
 * Component: the shape of one program that a machine runs, as plain data.
 *
 * Owns: the vocabulary between `components.ts`, which says what runs, and the agent's host, which runs it.
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

/**
 * The first request for each custom resource at an API server that has just started is refused, although it says that it is
 * ready: "storage is (re)initializing". So each is listed once.
 */
export type WarmUp = {
  readonly kind: 'custom-resources';
  readonly server: string;
  readonly authorityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
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
  /** It goes on while a replica leaves its clients or begins to serve anew. */
  readonly stays?: true;
  /** What is asked once it answers, before it counts as ready. */
  readonly warmUp?: WarmUp;
  /** How long it may take to end by itself before it is killed. */
  readonly stopSeconds: number;
};

/** Where a host's machines must run otherwise than one of their own would. What is left out is as it is there. */
export type Differences = {
  /** Addresses that etcd's peers are seen to dial from, beside their own: etcd checks a peer's certificate against them. */
  readonly peerSourceAddresses?: readonly string[];
  /** Whether the API servers keep `default/kubernetes`, which takes addresses that an EndpointSlice may hold. */
  readonly endpointReconciler?: 'lease' | 'none';
  /** Variables that programs which call AWS inherit from the agent: where they find the account and the metadata service. */
  readonly inheritedEnvironment?: readonly string[];
};

/** Where a host keeps a machine's files; absolute paths. */
export type Directories = {
  /** Private: keys and certificates, in memory where the host has it. */
  readonly certificates: string;
  readonly configuration: string;
  /** Root of the etcd volume's file system. */
  readonly volume: string;
};

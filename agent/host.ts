/**
 * Host: what a kind of machine must be able to do for the agent.
 *
 * Owns: the interface only, which knows no host by name. A host of real machines mounts disks, brings up the interface and
 * runs units of systemd, behind these same calls; `sandbox/machine` has one whose machines are processes.
 */
import type { Component, Differences, Program } from '../machine/component.ts';
import type { NodeConfiguration, NodeSecrets } from '../machine/configuration.ts';
import type { Instance } from '../machine/node.ts';
import type { ApiAddress } from './api-address.ts';

/** A component that the host keeps running until it is told to stop. */
export type RunningComponent = {
  readonly name: string;
  /** Resolves when its probe has answered for the first time, or rejects when it is stopped before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended and won't come back. */
  stop(): Promise<void>;
};

export type BinaryComponent = Component & { readonly program: Extract<Program, { kind: 'binary' }> };

export type EndingProgram = {
  readonly command: string;
  readonly version: string;
  readonly arguments: readonly string[];
};

/** A worker machine, and how it proves to its cluster that it may join. */
export type Node = {
  readonly configuration: NodeConfiguration;
  readonly secrets: NodeSecrets;
  readonly instance: Instance;
  /** Where its cluster's API is. */
  readonly api: ApiAddress;
  readonly components: readonly Component[];
};

export type Host = {
  readonly differences: Differences;
  /** How often orders are looked for, where something else is as good as what ships. */
  readonly orderMillis?: number;
  /** How often it is looked whether certificates are due, and for how long they have been in use when the machine boots: likewise. */
  readonly renewalMillis?: number;
  readonly certificateAgeMillis?: number;
  /** Private folder for keys and certificates, in memory where the host has it. */
  readonly certificates: string;
  readonly configuration: string;
  /** State that survives a restart of the agent, though not the instance. */
  readonly state: string;
  /** How many CPUs this machine has. */
  cpusOf(instance: Instance): number;
  /** Makes an attached volume's file system usable; returns its root. Formats a disk that was never used. */
  mountVolume(volumeId: string): Promise<string>;
  /** Makes the attached interface's address usable on this machine. */
  useAddress(address: string): Promise<void>;
  /** Path for a unix socket, short enough for the system. */
  socketPath(name: string): string;
  /** Ends what an earlier agent of this instance left running, in stop order. */
  endLeftovers(components: readonly Component[]): Promise<void>;
  /** `mayStartAgain` is asked whenever its program ended by itself; false leaves it ended. */
  run(component: BinaryComponent, mayStartAgain?: () => Promise<boolean>): Promise<RunningComponent>;
  /** Runs a program of a version, which ends by itself; rejects with the last that it said where it fails. */
  runToEnd(program: EndingProgram): Promise<void>;
  /** Runs a node's components, which join the cluster, until the signal is aborted. */
  runNode(node: Node, signal: AbortSignal): Promise<void>;
};

/**
 * Host: what a kind of machine must be able to do for the agent.
 *
 * Owns: the interface only. `sandbox.ts` runs components as child processes on loopback addresses; a host with systemd
 * and a kubelet would mount real disks, bring up the interface and write static pods, behind these same calls.
 */
import type { Component, Program } from '../../machine/component.ts';
import type { Differences } from '../../machine/differences.ts';

/** A component that the host keeps running until it is told to stop. */
export type RunningComponent = {
  readonly name: string;
  /** Resolves when its probe has answered for the first time, or rejects when it is stopped before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended and won't come back. */
  stop(): Promise<void>;
};

export type BinaryComponent = Component & { readonly program: Extract<Program, { kind: 'binary' }> };

export type Host = {
  readonly differences: Differences;
  /** Private folder for keys and certificates, in memory where the host has it. */
  readonly certificates: string;
  readonly configuration: string;
  /** State that survives a restart of the agent, though not the instance. */
  readonly state: string;
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
};

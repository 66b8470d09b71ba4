/**
 * Instances as parts: each EC2 instance is a part named by its id.
 *
 * Owns: reading what `sandbox/instances/` left on disk for each. Neighbours: that room starts instances and reports their
 * death to the account; here they are only found, shown and killed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { identifyByFile, type ProcessIdentity } from '../process.ts';

export type Instance = { readonly id: string; readonly leader?: ProcessIdentity; readonly log: string };

/** Every instance that has a folder, running or not. */
export const allInstances = (folder: string): readonly Instance[] =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter((id) => id.startsWith('i-'))
    .sort()
    .map((id) => {
      const leader = identifyByFile(`${folder}/${id}/agent.pid`);
      return { id, log: `${folder}/${id}/agent.log`, ...(leader ? { leader } : {}) };
    });

export const runningInstances = (folder: string): readonly Required<Instance>[] =>
  allInstances(folder).flatMap(({ leader, ...rest }) => (leader === undefined ? [] : [{ ...rest, leader }]));

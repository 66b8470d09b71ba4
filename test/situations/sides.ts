/**
 * Four sides from which a person sees what is stuck: kubectl, the command line, Temporal, and the worker's metrics.
 *
 * Owns: what each of them shows, as text, and the commands that the object's status prints. Neighbours: situations say what
 * must be in there.
 */
import { dirname } from 'node:path';
import { kindOf } from '../../words/keys.ts';
import type { Resource } from '../support/objects.ts';
import { CHECKOUT, run, type SandboxForTests, succeed } from '../support/sandbox.ts';
import type { Subject } from './situation.ts';

export const RESOURCES = { AWSCluster: 'awsclusters', AWSNodePool: 'awsnodepools' } as const;

export type StuckStep = {
  readonly step: string;
  readonly verdict: string;
  readonly message: string;
  readonly since: string;
  readonly commands?: readonly string[];
};

/** What a step is about: `ensure etcd-volume/0` is about an `etcd-volume`. */
export const kindOfStep = (step: string): string => kindOf(step.replace(/^\w+ /, ''));

/** The metric of what is stuck in one way, where it counts any. */
export const blockedLine = (kind: string, verdict: string): string =>
  `^slipway_blocked_steps\\{kind="${kind}",verdict="${verdict}"\\} [1-9]`;

export const sidesOf = (sandbox: SandboxForTests) => {
  const resourceOf = ({ kind, name }: Subject): readonly [Resource, string] => [RESOURCES[kind], name];
  const uidOf = (subject: Subject): Promise<string> =>
    succeed('uid', sandbox.kubectl(['get', ...resourceOf(subject), '-o', 'jsonpath={.metadata.uid}']));

  return {
    uidOf,
    /** `status.lastErrors`, as programs read it. */
    stuck: async (subject: Subject): Promise<readonly StuckStep[]> => {
      const found = await sandbox
        .objects()
        .find<{ status?: { lastErrors?: readonly StuckStep[] } }>(...resourceOf(subject));
      return found?.status?.lastErrors ?? [];
    },
    kubectl: (subject: Subject): Promise<string> =>
      succeed('kubectl describe', sandbox.kubectl(['describe', ...resourceOf(subject)])),
    /** Of a node pool it tells with its cluster. */
    slipway: ({ name }: { readonly name: string }): Promise<string> =>
      succeed('slipway clusters describe', sandbox.slipway(['clusters', 'describe', name])),
    /** The operation's current details, which Temporal's UI shows. */
    details: (workflowId: string): Promise<string> =>
      succeed('metadata', sandbox.temporal(['workflow', 'metadata', '--workflow-id', workflowId])),
    /** What a person finds by the search attribute, which holds the first of the steps that are stuck. */
    found: async (query: string): Promise<readonly string[]> =>
      (await sandbox.workflows().list(query)).map(({ execution }) => execution.workflowId),
    metrics: async (): Promise<string> => (await fetch(sandbox.status().metrics)).text(),
    /** A command exactly as it was printed, by a shell, in the checkout. */
    type: (command: string) => {
      const { temporal } = sandbox.status();
      return run('bash', ['-c', command], {
        cwd: CHECKOUT,
        env: {
          ...process.env,
          SLIPWAY_HOME: sandbox.home,
          TEMPORAL_ADDRESS: temporal.address,
          PATH: `${dirname(temporal.cli)}:${process.env['PATH'] ?? ''}`,
        },
      });
    },
  };
};

/** Something that the agent of one replica's machine is told to do: a tag on its volume, done once the agent has said so. */
import type { Minor } from '../api/minor.ts';
import type { OrderVerb } from '../words/orders.ts';
import type { Value } from '../words/references.ts';
import type { ReplicaMachine } from './replica.ts';
import type { Nothing, Row } from './row.ts';

export type OrderProperties = ReplicaMachine & {
  /** A snapshot is a kind by itself: any replica may take it, and nobody leaves. */
  readonly verb: Exclude<OrderVerb, 'snapshot'>;
  readonly instanceId: string;
  readonly volumeId: Value;
  /** The minor that a restart must end in: one that ends in another isn't done. */
  readonly serves?: Minor;
  /** Only where the machine was told to leave before: the way back of a turn that a person aborts. */
  readonly afterLeave?: true;
  /** Addresses of the other replicas, each of which must serve when the order is given. */
  readonly others: readonly string[];
};

/** Whoever is left out by it is looked at by the steps after it, so that a person may skip an agent that does not answer. */
export const order: Row<OrderProperties, undefined, Nothing> = { planned: 'never' };

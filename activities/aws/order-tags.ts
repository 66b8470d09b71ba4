/**
 * Order tags: how a worker gives an order to the agent of a replica and reads what it says, as tags of the replica's volume.
 *
 * Owns: both calls, for how long an order may be begun, and its token. Neighbours: `words/orders.ts` spells the tags; `order.ts`,
 * `restore-order.ts` and `backup-orders.ts` say which order it is, and what its report means.
 * Invariants: I2 (within its time limit an order has one token, however often the step is tried).
 */
import { createHash } from 'node:crypto';
import { CreateTagsCommand, paginateDescribeVolumes } from '@aws-sdk/client-ec2';
import type { Tags } from '../../kinds/row.ts';
import { ORDER_TAG, type Order, orderText } from '../../words/orders.ts';
import type { AwsClients } from './clients.ts';
import { filter, readAll, tagRecord } from './tags.ts';

type Ec2 = Pick<AwsClients, 'ec2'>;

/** An agent looks twice a minute; then there is time to see that nobody answers before a person wonders. */
export const ORDER_SECONDS = 180;

const TOKEN_LENGTH = 12;

/** The volume's tags; none where it is not there. */
export const volumeTags = async ({ ec2 }: Ec2, volumeId: string, abortSignal: AbortSignal): Promise<Tags> => {
  const [volume] = await readAll(
    paginateDescribeVolumes({ client: ec2 }, { Filters: [filter('volume-id', volumeId)] }, { abortSignal }),
    (page) => page.Volumes,
  );
  return tagRecord(volume?.Tags);
};

export const giveOrder = async ({ ec2 }: Ec2, volumeId: string, order: Order): Promise<void> => {
  const Tags = [{ Key: ORDER_TAG, Value: orderText(order) }];
  await ec2.send(new CreateTagsCommand({ Resources: [volumeId], Tags }));
};

/** When the step began, and now, in epoch milliseconds; `after`: the token of one that failed, or that nobody answered. */
export type OrderTime = { readonly since: number; readonly now: number; readonly after?: string | undefined };

/** `about`: whose order it is, and which. */
export const orderToken = (about: readonly string[], { since, now, after = '' }: OrderTime): string => {
  const limit = Math.floor((now - since) / (ORDER_SECONDS * 1_000));
  return createHash('sha256')
    .update([...about, since, limit, after].join('\0'))
    .digest('hex')
    .slice(0, TOKEN_LENGTH);
};

/** Until when an order of now may be begun, in seconds since the epoch. */
export const orderUntil = (now: number): number => Math.floor(now / 1_000) + ORDER_SECONDS;

/** It was given by a step that began then: an earlier one's is done with, whatever became of it. */
export const isGivenSince = ({ until }: Order, since: number): boolean => until >= orderUntil(since);

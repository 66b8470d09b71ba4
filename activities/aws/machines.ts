/**
 * Machines: EC2's instances, whichever group they are of.
 *
 * Owns: listing those that live, and how one is called. Neighbours: `auto-scaling-group.ts`, `replica.ts` and `departures.ts` ask.
 */
import { type EC2Client, type Instance, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { filter, inPages, readAll } from './tags.ts';

/** Every state but `terminated`: such a machine is remembered for an hour, and holds nothing. */
const LIVING_STATES = ['pending', 'running', 'shutting-down', 'stopping', 'stopped'];

/** Instances that are not terminated, by any of EC2's filters. */
export const livingInstances = (
  ec2: EC2Client,
  by: ReturnType<typeof filter>,
  abortSignal: AbortSignal,
): Promise<Instance[]> =>
  readAll(
    paginateDescribeInstances(
      inPages(ec2),
      { Filters: [by, filter('instance-state-name', ...LIVING_STATES)] },
      { abortSignal },
    ),
    (page) => page.Reservations?.flatMap((reservation) => reservation.Instances ?? []),
  );

export const instanceLabel = (instance: Instance): string =>
  `instance ${instance.InstanceId ?? '?'} (${instance.State?.Name ?? 'unknown'})`;

/** It was told to end already, or is gone. */
export const isEnding = (instance: Instance | undefined): boolean =>
  instance === undefined || instance.State?.Name === 'shutting-down';

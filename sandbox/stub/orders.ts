/**
 * Orders: how the replicas of this process hear what a worker tells them, at the cost of one listing for all of them.
 *
 * Owns: reading the volumes that any order, a schedule, or anything of an upgrade, was ever written on, once for everybody who asks at about the same time. Neighbours:
 * `agent/orders.ts` obeys and reports, as on a real machine, whose agent asks for its own volume; `replica.ts` leaves and serves again.
 */
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Attachable } from '../../agent/aws/ec2.ts';
import { BACKUP_TAG } from '../../words/backup-schedule.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import { ORDER_TAG } from '../../words/orders.ts';
import { AWS_CREDENTIALS, REGION, type SandboxLayout } from '../layout.ts';

/** Sooner than a real agent, which is charged for asking. */
const LOOK_SECONDS = 5;

export type OrderedVolumes = {
  readonly everyMillis: number;
  /** As EC2 says of it; undefined for one that nothing was said of. */
  readonly volume: (id: string) => Promise<Attachable | undefined>;
};

type Read = () => Promise<ReadonlyMap<string, Attachable>>;

/** From behind the proxy that keeps what is called: nobody's machine asks this. */
const reading = (layout: SandboxLayout): Read => {
  const { host, port } = layout.moto;
  const client = new EC2Client({ region: REGION, endpoint: `http://${host}:${port}`, credentials: AWS_CREDENTIALS });
  return async () => {
    const { Volumes = [] } = await client.send(
      new DescribeVolumesCommand({
        Filters: [{ Name: 'tag-key', Values: [ORDER_TAG, EMULATES_TAG, COMMITTED_TAG, BACKUP_TAG] }],
      }),
    );
    return new Map(
      Volumes.map(({ VolumeId: id = '', State: state = 'unknown', Tags = [] }) => [
        id,
        { id, state, tags: Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])) },
      ]),
    );
  };
};

/** `read`: all volumes of which something was said; what it answered is believed for half of the time between two looks. */
export const sharedOrders = (read: Read, everyMillis: number): OrderedVolumes => {
  let last: { readonly at: number; readonly volumes: ReturnType<Read> } | undefined;
  return {
    everyMillis,
    volume: async (id) => {
      if (last === undefined || Date.now() - last.at >= everyMillis / 2) {
        const volumes = read();
        last = { at: Date.now(), volumes };
        // Whoever waits hears of it; the next asks again.
        volumes.catch(() => {
          last = undefined;
        });
      }
      return (await last.volumes).get(id);
    },
  };
};

export const orderedVolumes = (layout: SandboxLayout, variables: NodeJS.ProcessEnv): OrderedVolumes =>
  sharedOrders(reading(layout), Number(variables['SLIPWAY_ORDER_SECONDS'] || LOOK_SECONDS) * 1_000);

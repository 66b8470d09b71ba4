/**
 * Restore order: has the agent of one replica fetch a snapshot, halt, or begin again with what the snapshot holds.
 *
 * Owns: giving such an order to the machine that has the replica now, and waiting for its report. Nobody else has to serve for it: all
 * replicas are restored, or none serves to begin with. Neighbours: `words/orders.ts` spells both tags; `agent/restore-orders.ts` obeys;
 * `order.ts` gives those that concern a replica alone.
 * Invariants: I2 (within its time limit an order has one token, however often the step is tried; a replica that is restored already says so
 * at once), I5 (what etcd held is kept aside by the agent), I9.
 */
import { endMachineCommand } from '../../words/commands.ts';
import { machineInKey } from '../../words/keys.ts';
import {
  begunIn,
  isRestoreOrder,
  ORDER_TAG,
  orderIn,
  REPORT_TAG,
  type Report,
  type RestoreOrder,
  reportIn,
} from '../../words/orders.ts';
import { ended } from '../../words/text.ts';
import type { Candidate, Made, ResourceDriver, Wanted } from '../driver.ts';
import { blockedError, notYet } from '../verdicts.ts';
import { groupInstances, listGroups } from './auto-scaling-group.ts';
import type { AwsClients } from './clients.ts';
import { giveOrder, isGivenSince, ORDER_SECONDS, orderToken, orderUntil, volumeTags } from './order-tags.ts';

type Restoring = Wanted<'restore-order'>;

/** As long as an agent gives itself to fetch a snapshot, and a minute to say so. */
const FETCHED_WITHIN_SECONDS = 31 * 60;
const AGAIN_MS = 3_000;

/** What a replica's volume says by now. */
type Said = { readonly order?: RestoreOrder; readonly report?: Report; readonly begun: boolean };

const whoIs = ({ key }: Restoring, instanceId: string): string =>
  `the agent of ${machineInKey(key)} on instance ${instanceId}`;

const orderFor = (wanted: Restoring, instanceId: string, now: number, after?: string): RestoreOrder => {
  const { owner, key, properties, since } = wanted;
  const { verb, id, bucket, key: snapshot, sha256 } = properties;
  const token = orderToken([owner.uid, key, verb, instanceId, id], { since, now, after });
  return { token, verb, instanceId, until: orderUntil(now), from: { id, bucket, key: snapshot, sha256 } };
};

/** Given for this very step to this very machine. */
const isOurs = ({ properties: { verb, id }, since }: Restoring, instanceId: string, order: RestoreOrder): boolean =>
  order.verb === verb && order.instanceId === instanceId && order.from.id === id && isGivenSince(order, since);

/** Why an order is not done, as a sentence's second half; undefined while it may still come to be. */
const whyNot = (
  { begun, report }: Said,
  { verb, until, instanceId }: RestoreOrder,
  about: { readonly now: number; readonly region: string },
): string | undefined => {
  if (report?.result === 'failed') return `could not ${verb}: ${ended(report.why)}`;
  const late = about.now / 1_000 - until;
  if (begun) {
    return late < FETCHED_WITHIN_SECONDS
      ? undefined
      : 'began to fetch the snapshot, and has not ended: see whether the machine still runs.';
  }
  if (late <= 0) return undefined;
  return (
    `did not answer within ${ORDER_SECONDS} s. See whether the machine runs an image of this release and reaches EC2, ` +
    `or end it with \`${endMachineCommand(about.region, instanceId)}\`.`
  );
};

const saidIn = (tags: Readonly<Record<string, string>>): Said => {
  const order = orderIn(tags[ORDER_TAG]);
  if (order === undefined || !isRestoreOrder(order)) return { begun: false };
  const report = reportIn(tags[REPORT_TAG]);
  const begun = begunIn(tags[REPORT_TAG]) === order.token;
  return { order, begun, ...(report?.token === order.token ? { report } : {}) };
};

/** The calls that an order takes. */
const callsOf = (clients: AwsClients) => ({
  machineOf: async ({ properties: { groupName, verb }, signal }: Restoring): Promise<string> => {
    const [group] = await listGroups(clients.autoScaling, { AutoScalingGroupNames: [groupName] }, signal);
    const machine = group === undefined ? undefined : groupInstances(group).find(({ inService }) => inService);
    if (machine !== undefined) return machine.id;
    throw notYet(`Waiting for a machine of auto scaling group ${groupName}, which is to ${verb}.`, AGAIN_MS);
  },
  saidOn: async ({ properties, signal }: Restoring): Promise<Said> =>
    saidIn(await volumeTags(clients, properties.volumeId, signal)),
  give: ({ properties }: Restoring, order: RestoreOrder): Promise<void> =>
    giveOrder(clients, properties.volumeId, order),
});

export const restoreOrderDriver = (clients: AwsClients, now = Date.now): ResourceDriver<'restore-order'> => {
  const { machineOf, saidOn, give } = callsOf(clients);

  const create = async (wanted: Restoring): Promise<Made> => {
    const { verb } = wanted.properties;
    const instanceId = await machineOf(wanted);
    const said = await saidOn(wanted);
    const order = said.order !== undefined && isOurs(wanted, instanceId, said.order) ? said.order : undefined;
    if (order === undefined) {
      await give(wanted, orderFor(wanted, instanceId, now()));
      throw notYet(`Waiting for ${whoIs(wanted, instanceId)} to ${verb}: it has just been told.`, AGAIN_MS);
    }
    if (said.report?.result === 'done') return { outputs: {} };
    const why = whyNot(said, order, { now: now(), region: clients.region });
    if (why === undefined) {
      const does = said.begun ? 'goes on to' : 'is told to';
      throw notYet(`Waiting: ${whoIs(wanted, instanceId)} ${does} ${verb}.`, AGAIN_MS);
    }
    // Told once more before it is said: a person who mends what is wrong needn't ask for it.
    await give(wanted, orderFor(wanted, instanceId, now(), order.token));
    throw blockedError(`${whoIs(wanted, instanceId)} ${why}`);
  };

  return {
    kind: 'restore-order',
    // An order is no thing that is there: whether it was obeyed is looked at by `create`, each time.
    candidates: (): Promise<readonly Candidate<'restore-order'>[]> => Promise.resolve([]),
    create,
    update: () => Promise.resolve({ outputs: {} }),
    remove: () => Promise.resolve(),
  };
};

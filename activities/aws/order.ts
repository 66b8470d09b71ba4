/**
 * Order: has the agent of one replica's machine do something, over tags of the replica's volume.
 *
 * Owns: giving an order once, and waiting for its report. An order names the machine that is meant and until when it may be begun,
 * so that one which nobody answered is never carried out later, or by the machine after it. Neighbours: `words/orders.ts` spells
 * both tags; `agent/orders.ts` obeys and reports.
 * Invariants: I2 (within its time limit an order has one token, however often the step is tried), I5 (it is given only while the
 * other replicas serve), I9 (an agent that does not answer is told, with what helps).
 */
import { servesIn } from '../../machine/serves.ts';
import { endMachineCommand } from '../../words/commands.ts';
import { machineInKey } from '../../words/keys.ts';
import { ORDER_TAG, type Order, orderIn, REPORT_TAG, type Report, reportIn } from '../../words/orders.ts';
import { present } from '../../words/present.ts';
import { ended } from '../../words/text.ts';
import type { Candidate, Made, ResourceDriver, Sought, Wanted } from '../driver.ts';
import { blockedError, notYet, verdictOf } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { livingInstances } from './machines.ts';
import { giveOrder, isGivenSince, ORDER_SECONDS, orderToken, orderUntil, volumeTags } from './order-tags.ts';
import { refuseUnlessOthersServe } from './others-serving.ts';
import { filter } from './tags.ts';
import { targetHealth } from './targets.ts';

const AGAIN_MS = 3_000;

type Said = { readonly order?: Order; readonly report?: Report };

const saidOn = async (clients: AwsClients, { properties, signal }: Wanted<'order'>): Promise<Said> => {
  const tags = await volumeTags(clients, properties.volumeId, signal);
  return present({ order: orderIn(tags[ORDER_TAG]), report: reportIn(tags[REPORT_TAG]) });
};

const isOurs = ({ properties: { verb, instanceId }, since }: Wanted<'order'>, order: Order): boolean =>
  order.verb === verb && order.instanceId === instanceId && isGivenSince(order, since);

const orderFor = ({ owner, key, properties, since }: Wanted<'order'>, now: number, after?: string): Order => {
  const { verb, instanceId } = properties;
  const token = orderToken([owner.uid, key, verb, instanceId], { since, now, after });
  return { token, verb, instanceId, until: orderUntil(now) };
};

/** Whoever is to come back was told to go; anybody else serves on. */
const wasToldToLeave = ({ properties: { instanceId } }: Wanted<'order'>, { order }: Said): boolean =>
  order?.verb === 'leave' && order.instanceId === instanceId;

const reportOn = ({ order, report }: Said): Report | undefined =>
  order !== undefined && report?.token === order.token ? report : undefined;

const saysOf = (report: Report | undefined): string | undefined =>
  report?.result === 'done' ? report.says : undefined;

/** As a sentence's second half, why the order is not done; undefined where it is. */
const whyNotDone = (
  report: Report | undefined,
  { verb, instanceId, serves: wanted }: Wanted<'order'>['properties'],
  region: string,
): string | undefined => {
  if (report === undefined) {
    return (
      `did not answer within ${ORDER_SECONDS} s. See whether the machine runs and reaches EC2; skip the step to go on without it, ` +
      `or end the machine with \`${endMachineCommand(region, instanceId)}\`.`
    );
  }
  if (report.result === 'failed') return `could not ${verb}: ${ended(report.why)}`;
  if (wanted === undefined) return undefined;
  const is = servesIn(saysOf(report));
  if (is === undefined) return 'does not say what it serves since, as one of a release that emulates would.';
  return is.emulation === wanted
    ? undefined
    : `serves Kubernetes ${is.version} as ${is.emulation} since, not as ${wanted}. See what the tags of the etcd volume say.`;
};

const whoIsMeant = ({ key, properties }: Wanted<'order'>): string =>
  `the agent of ${machineInKey(key)} on instance ${properties.instanceId}`;

export const orderDriver = (clients: AwsClients, now = Date.now): ResourceDriver<'order'> => {
  const { ec2, elbv2, region } = clients;

  const give = async (wanted: Wanted<'order'>, after?: Order): Promise<void> => {
    const { targetGroupArn, others, volumeId } = wanted.properties;
    refuseUnlessOthersServe(
      await targetHealth(elbv2, targetGroupArn, wanted.signal),
      others,
      (down) => `${whoIsMeant(wanted)} is told to ${wanted.properties.verb} once both other replicas serve: ${down}.`,
    );
    await giveOrder(clients, volumeId, orderFor(wanted, now(), after?.token));
  };

  const isGone = async ({ properties, signal }: Wanted<'order'>): Promise<boolean> =>
    (await livingInstances(ec2, filter('instance-id', properties.instanceId), signal)).length === 0;

  const create = async (wanted: Wanted<'order'>): Promise<Made> => {
    const said = await saidOn(clients, wanted);
    const order = said.order !== undefined && isOurs(wanted, said.order) ? said.order : undefined;
    const report = reportOn(said);
    if (order === undefined) {
      if (wanted.properties.afterLeave === true && !wasToldToLeave(wanted, said))
        return { outputs: {}, change: 'unchanged' };
      // A machine that has ended serves nobody: that is all that was wanted of it.
      if (await isGone(wanted)) return { outputs: {}, change: 'unchanged' };
      await give(wanted);
      throw notYet(`Waiting for ${whoIsMeant(wanted)} to ${wanted.properties.verb}: it has just been told.`, AGAIN_MS);
    }
    const wrong = whyNotDone(report, wanted.properties, region);
    if (wrong === undefined) return { outputs: { ...servesIn(saysOf(report)) } };
    if (report === undefined && now() / 1_000 <= order.until) {
      throw notYet(`Waiting for ${whoIsMeant(wanted)} to ${order.verb}.`, AGAIN_MS);
    }
    if (await isGone(wanted)) return { outputs: {}, change: 'unchanged' };
    // Told once more before it is said: a person who mends what is wrong needn't ask for it.
    await give(wanted, order).catch((error: unknown) => {
      // That another replica doesn't serve is no reason to hide what is wrong with this one.
      if (verdictOf(error).waiting !== true) throw error;
    });
    throw blockedError(`${whoIsMeant(wanted)} ${wrong}`);
  };

  return {
    kind: 'order',
    // An order is no thing that is there: whether it was obeyed is looked at by `create`, each time.
    candidates: (_sought: Sought<'order'>): Promise<readonly Candidate<'order'>[]> => Promise.resolve([]),
    create,
    update: () => Promise.resolve({ outputs: {} }),
    remove: () => Promise.resolve(),
  };
};

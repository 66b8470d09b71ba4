/**
 * Worker: Slipway's worker in a process of its own, in which one call of a case can be made to fail.
 *
 * Owns: the process: the production wiring with the matrix standing around its calls. Neighbours: `lane.ts` starts it, tells
 * it what shall fail and starts it again after it was killed; `faults.ts` says how calls fail.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { flushCompileCache } from 'node:module';
import type { Context } from '@temporalio/activity';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import type { AroundCall } from '../../activities/calls.ts';
import { type AroundSentCall, wireActivities } from '../../worker/activities.ts';
import { readWorkerConfiguration } from '../../worker/configuration.ts';
import { outcomeInterceptor } from '../../worker/interceptors.ts';
import { createMetrics } from '../../worker/metrics.ts';
import { accountAt } from './account.ts';
import { caseOf, createCounter, type HeardCall, nameOfCall } from './calls.ts';
import { brokenConnection, failure, throttling, timeout, timesOf } from './faults.ts';
import type { FromWorker, Target, ToWorker } from './messages.ts';

const configuration = readWorkerConfiguration();
const log = pino({ base: { component: 'worker', pid: process.pid }, level: configuration.logLevel });
const quiet = () => undefined;
Runtime.install({
  logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: (message) => log.error(message) },
});

const say = (message: FromWorker, then?: () => void): void => {
  process.send?.(message, undefined, {}, () => then?.());
};

const counter = createCounter();

type Armed = { readonly target: Target; readonly lateMs: number; met: number };
const armed = new Map<string, readonly Armed[]>();
process.on('message', (message: ToWorker) => {
  const { ofCase } = message;
  if (message.kind === 'disarm') {
    armed.delete(ofCase);
  } else {
    counter.begin(ofCase);
    armed.set(
      ofCase,
      message.targets.map((target) => ({ target, lateMs: message.lateMs, met: 0 })),
    );
  }
});
// The bench is gone, however that happened.
process.on('disconnect', () => process.exit(0));

const heard: (HeardCall & { readonly ofCase: string })[] = [];
setInterval(() => {
  if (heard.length > 0) say({ kind: 'calls', calls: heard.splice(0) });
}, 100).unref();

/** Whether this call is meant, and has not met its fault often enough yet. */
const meetsFault = (ofCase: string, call: HeardCall): Armed | undefined => {
  const one = armed
    .get(ofCase)
    ?.find(
      ({ target, met }) => target.call === call.name && call.number >= target.number && met < timesOf(target.fault),
    );
  if (one !== undefined) one.met += 1;
  return one;
};

/** The kernel ends the process before the activity could hear of the answer. */
const die = (ofCase: string, target: Target): Promise<never> =>
  new Promise(() => say({ kind: 'met', ofCase, target }, () => process.kill(process.pid, 'SIGKILL')));

const account = accountAt(process.env['AWS_ENDPOINT_URL'] ?? '');

/** Set for a call whose first attempt is to lose its answer. */
const losing = new AsyncLocalStorage<{ lost: boolean }>();

/** Around each attempt: what it throws here, the SDK tries again. */
const aroundAttempt: AroundCall = async (_call, send) => {
  const meant = losing.getStore();
  const answer = await send();
  if (meant === undefined || meant.lost) return answer;
  meant.lost = true;
  throw brokenConnection();
};

const around: AroundSentCall = async (call, sender, send) => {
  const ofCase = caseOf(sender.workflowId);
  if (ofCase === undefined) return send();
  account.heardOf(sender);
  const name = nameOfCall(call, sender);
  const by = `${sender.workflowType} ${sender.activityId}`;
  const one: HeardCall = {
    name,
    number: counter.next(ofCase, name),
    mutating: call.mutating,
    service: call.service,
    by,
  };
  heard.push({ ...one, ofCase });
  const met = meetsFault(ofCase, one);
  if (met === undefined) return send();
  if (met.target.fault !== 'killed') say({ kind: 'met', ofCase, target: met.target });
  // An answer that a client would have read is as good as the client's own.
  const instead = <T>(answer: unknown): T => answer as T;
  switch (met.target.fault) {
    case 'fails':
      return instead(failure(call));
    case 'throttled':
      return instead(throttling(call));
    // An error is an answer, too: that there is no such thing, say, or nobody who listens.
    case 'lost':
      await Promise.allSettled([send()]);
      throw brokenConnection();
    case 'late':
      setTimeout(() => {
        send().then(
          () => log.info({ name, ofCase }, 'The late call took effect'),
          (error: unknown) => log.info({ name, ofCase, error: String(error) }, 'The late call was refused'),
        );
      }, met.lateMs);
      throw timeout();
    case 'killed':
      await Promise.allSettled([send()]);
      return die(ofCase, met.target);
    case 'repeated':
      return losing.run({ lost: false }, send);
    case 'unseen': {
      const answer = await send();
      await account.hideWhatWasMade(sender);
      return answer;
    }
    case 'refused':
      await account.refuseLaunches(sender);
      return send();
  }
};

const metrics = createMetrics();
const connection = await NativeConnection.connect({ address: configuration.temporalAddress });
const wired = wireActivities(configuration, metrics, log, { call: around, attempt: aroundAttempt });
const worker = await Worker.create({
  connection,
  namespace: configuration.temporalNamespace,
  taskQueue: configuration.taskQueue ?? 'faults',
  workflowBundle: { codePath: process.argv[2] ?? '' },
  activities: wired.activities,
  interceptors: {
    activity: [
      (context: Context) => ({ inbound: outcomeInterceptor(context, metrics, log) }),
      ({ info }) => ({
        inbound: {
          execute: async (input, next) => {
            const workflowId = info.workflowExecution?.workflowId ?? '';
            const news = { ofCase: caseOf(workflowId) ?? '', workflowId, activity: info.activityId };
            say({ kind: 'activity', news: { ...news, phase: 'began' } });
            try {
              const result = await next(input);
              say({ kind: 'activity', news: { ...news, phase: 'ended' } });
              return result;
            } catch (error) {
              say({ kind: 'activity', news: { ...news, phase: 'failed' } });
              throw error;
            }
          },
        },
      }),
    ],
  },
  maxConcurrentActivityTaskExecutions: configuration.activitySlots,
  maxCachedWorkflows: configuration.cachedWorkflows,
  shutdownGraceTime: '1 s',
  shutdownForceTime: '2 s',
});
// A process that is killed never gets to write it at its end.
flushCompileCache();
say({ kind: 'ready' });
await worker.run();
process.exit(0);

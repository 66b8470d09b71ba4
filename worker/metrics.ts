/**
 * Metrics: what a worker did, for Prometheus. Base units, `_total` and `_seconds`, no label per object.
 *
 * Owns: names and labels, but for those of objects and certificates, which `object-metrics.ts` and `certificate-metrics.ts` have. Neighbours: the activity interceptor counts steps,
 * AWS clients report their calls.
 */
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ObjectKind } from '../api/object.ts';
import { type Listing, stuckByListing } from '../words/stuck.ts';
import { gaugeCertificates, type TellCertificates } from './certificate-metrics.ts';
import { lately } from './lately.ts';
import { type CountedObject, gaugeObjects } from './object-metrics.ts';

export type WorkerMetrics = {
  readonly registry: Registry;
  readonly awsCalls: Counter<'service' | 'operation' | 'code'>;
  readonly awsSeconds: Histogram<'service' | 'operation'>;
  readonly steps: Counter<'verb' | 'kind' | 'outcome'>;
  readonly stepSeconds: Histogram<'verb' | 'kind'>;
  readonly certificates: TellCertificates;
};

/** What Temporal lists of an object that does not go on, and its kind. */
export type StuckListing = Listing & { readonly object: ObjectKind };

/** For how long a listing of Temporal, which costs it little, is good, and one of the management API, which has to send all of it. */
const LISTING_MS = { stuck: 2_000, objects: 15_000 } as const;

type Listed = () => Promise<readonly StuckListing[] | undefined>;

/** Who lists what is counted when it is asked for. */
export type Listings = {
  readonly stuck: () => Promise<readonly StuckListing[]>;
  readonly objects: () => Promise<readonly CountedObject[]>;
};

const NOTHING: Listings = { stuck: async () => [], objects: async () => [] };

/**
 * What is stuck is counted when it is asked for, over all that Temporal knows: so it is right after a restart, and every
 * worker says the same (take the maximum of them, not the sum). What can't be listed is not shown at all, rather than old.
 */
const gaugeStuck = (registers: Registry[], listed: Listed): void => {
  new Gauge({
    name: 'slipway_stuck_objects',
    help: 'Clusters and node pools that do not go on at this moment, by kind of object, by the reason that conditions and `slipway clusters list` give, and by whether they wait for a person or go on by themselves; the same from every worker',
    labelNames: ['kind', 'reason', 'waits_for'],
    registers,
    async collect() {
      const all = await listed();
      this.reset();
      for (const { object: kind, ...one } of all ?? []) {
        const stuck = stuckByListing(one);
        if (stuck === undefined) continue;
        this.inc({ kind, reason: stuck.reason, waits_for: stuck.waitsForPerson ? 'person' : 'itself' });
      }
    },
  });
  new Gauge({
    name: 'slipway_blocked_steps',
    help: 'Steps that are blocked at this moment, and machines that do not serve, over all objects, by kind of resource and verdict; the same from every worker',
    labelNames: ['kind', 'verdict'],
    registers,
    async collect() {
      const all = await listed();
      this.reset();
      for (const { kind, verdict } of (all ?? []).flatMap(({ blocked }) => blocked)) this.inc({ kind, verdict });
    },
  });
  new Gauge({
    name: 'slipway_blocked_oldest_seconds',
    help: 'For how long the oldest of the blocked steps is blocked; 0 when none is',
    registers,
    async collect() {
      const all = await listed();
      if (all === undefined) return this.remove();
      const since = all.flatMap(({ blocked }) => blocked).map((step) => (Date.now() - step.since) / 1_000);
      return this.set(Math.max(0, ...since));
    },
  });
};

export const createMetrics = (listings: Partial<Listings> = {}, now: () => number = Date.now): WorkerMetrics => {
  const { stuck, objects } = { ...NOTHING, ...listings };
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  gaugeStuck(registers, lately(stuck, LISTING_MS.stuck));
  gaugeObjects(registers, lately(objects, LISTING_MS.objects));
  return {
    registry,
    certificates: gaugeCertificates(registers, now),
    awsCalls: new Counter({
      name: 'slipway_aws_requests_total',
      help: 'AWS API calls by service, operation and error code (OK when it succeeded, HeldBack when it was not sent since AWS throttles)',
      labelNames: ['service', 'operation', 'code'],
      registers,
    }),
    awsSeconds: new Histogram({
      name: 'slipway_aws_request_duration_seconds',
      help: 'Duration of AWS API calls',
      labelNames: ['service', 'operation'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    steps: new Counter({
      name: 'slipway_steps_total',
      help: 'Attempts of steps by verb, kind of resource and outcome (a change, not-ready, or a verdict)',
      labelNames: ['verb', 'kind', 'outcome'],
      registers,
    }),
    stepSeconds: new Histogram({
      name: 'slipway_step_duration_seconds',
      help: 'Duration of attempts of steps',
      labelNames: ['verb', 'kind'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
  };
};

/**
 * Serves `/metrics` and `/healthz` on `host:port`. An address that is taken is reported and no reason to stop: work goes on
 * without figures.
 */
export const serveMetrics = (
  address: string,
  metrics: Pick<WorkerMetrics, 'registry'>,
  onTrouble: (error: Error) => void,
): Server => {
  const server = createServer((request, response) => {
    switch (request.url) {
      case '/healthz':
        response.end('ok\n');
        return;
      case '/metrics':
        metrics.registry.metrics().then(
          (text) => response.setHeader('content-type', metrics.registry.contentType).end(text),
          (error: unknown) => {
            response.statusCode = 500;
            response.end(String(error));
          },
        );
        return;
      default:
        response.statusCode = 404;
        response.end('/metrics and /healthz are here\n');
    }
  });
  server.once('error', onTrouble);
  const { hostname, port } = new URL(`http://${address}`);
  // A URL without a port, or with 80, has an empty one; an IPv6 address comes in brackets.
  return server.listen(Number(port || 80), hostname.replaceAll(/^\[|\]$/g, ''));
};

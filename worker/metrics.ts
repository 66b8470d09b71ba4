/**
 * Metrics: what a worker did, for Prometheus. Base units, `_total` and `_seconds`, no label per object.
 *
 * Owns: names and labels. Neighbours: the activity interceptor counts steps, AWS clients report their calls.
 */
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type WorkerMetrics = {
  readonly registry: Registry;
  readonly awsCalls: Counter<'service' | 'operation' | 'code'>;
  readonly awsSeconds: Histogram<'service' | 'operation'>;
  readonly steps: Counter<'verb' | 'kind' | 'outcome'>;
  readonly stepSeconds: Histogram<'verb' | 'kind'>;
  /** Is told which certificates of a cluster were seen, by each sweep. */
  readonly certificates: (clusterId: string, seen: readonly EndingCertificate[]) => void;
};

/** Of an authority, or of what an API server shows; its end in epoch milliseconds. */
type EndingCertificate = { readonly kind: string; readonly notAfter: number };

/** A step that is blocked, anywhere, or an object that could not be looked at (then its kind is `assess`). */
export type BlockedStep = {
  readonly kind: string;
  readonly verdict: string;
  /** Epoch milliseconds. */
  readonly since: number;
};

/** How long one listing of what is blocked is good for: both gauges show the same moment. */
const LISTING_MS = 2_000;

/**
 * What is blocked is counted when it is asked for, over all that Temporal knows: so it is right after a restart, and every
 * worker says the same (take the maximum of them, not the sum). What can't be listed is not shown at all, rather than old.
 */
const gaugeBlocked = (registers: Registry[], list: () => Promise<readonly BlockedStep[]>): void => {
  let listing: { readonly at: number; readonly steps: Promise<readonly BlockedStep[] | undefined> } | undefined;
  const current = (): Promise<readonly BlockedStep[] | undefined> => {
    if (listing === undefined || Date.now() - listing.at > LISTING_MS) {
      // The other figures are worth having also when this one is not to be had; who lists logs why.
      listing = { at: Date.now(), steps: list().catch(() => undefined) };
    }
    return listing.steps;
  };
  new Gauge({
    name: 'slipway_blocked_steps',
    help: 'Steps that are blocked at this moment, over all objects, by kind of resource and verdict; the same from every worker',
    labelNames: ['kind', 'verdict'],
    registers,
    async collect() {
      const steps = await current();
      this.reset();
      for (const { kind, verdict } of steps ?? []) this.inc({ kind, verdict });
    },
  });
  new Gauge({
    name: 'slipway_blocked_oldest_seconds',
    help: 'For how long the oldest of the blocked steps is blocked; 0 when none is',
    registers,
    async collect() {
      const steps = await current();
      if (steps === undefined) this.remove();
      else this.set(Math.max(0, ...steps.map(({ since }) => (Date.now() - since) / 1_000)));
    },
  });
};

/** Of a cluster that no sweep of this worker met for so long nothing is said: it is gone, or another worker knows better. */
const MET_MS = 3 * 3_600_000;

/**
 * The earliest end of each kind, over all clusters. Each worker knows what its own sweeps saw, so take the minimum of them. Which cluster
 * it is, the condition `CertificatesExpiring` says.
 */
const gaugeCertificates = (registers: Registry[], now: () => number): WorkerMetrics['certificates'] => {
  const met = new Map<string, { readonly at: number; readonly seen: readonly EndingCertificate[] }>();
  new Gauge({
    name: 'slipway_certificate_earliest_end_seconds',
    help: 'Seconds until the first certificate ends, over all clusters that are at rest, by kind (authority, which nobody renews, or api-server, which agents do); negative once it has ended; the minimum over all workers counts',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [clusterId, { at }] of met) if (at + MET_MS <= now()) met.delete(clusterId);
      const all = [...met.values()].flatMap(({ seen }) => seen);
      for (const kind of new Set(all.map((one) => one.kind))) {
        const ends = all.filter((one) => one.kind === kind).map(({ notAfter }) => notAfter);
        this.set({ kind }, (Math.min(...ends) - now()) / 1_000);
      }
    },
  });
  return (clusterId, seen) => void met.set(clusterId, { at: now(), seen });
};

export const createMetrics = (
  listBlocked: () => Promise<readonly BlockedStep[]> = async () => [],
  now: () => number = Date.now,
): WorkerMetrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  gaugeBlocked(registers, listBlocked);
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

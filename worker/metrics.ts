/**
 * Metrics: what a worker did, for Prometheus. Base units, `_total` and `_seconds`, no label per object.
 *
 * Owns: names and labels. Neighbours: the activity interceptor counts steps, AWS clients report their calls.
 */
import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export type WorkerMetrics = {
  readonly registry: Registry;
  readonly awsCalls: Counter<'service' | 'operation' | 'code'>;
  readonly awsSeconds: Histogram<'service' | 'operation'>;
  readonly steps: Counter<'verb' | 'kind' | 'outcome'>;
  readonly stepSeconds: Histogram<'verb' | 'kind'>;
};

export const createMetrics = (): WorkerMetrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    awsCalls: new Counter({
      name: 'slipway_aws_requests_total',
      help: 'AWS API calls by service, operation and error code (OK when it succeeded)',
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

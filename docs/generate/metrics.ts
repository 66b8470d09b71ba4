/**
 * Metrics: the reference of what a worker counts, from its registry.
 *
 * Owns: how metrics read as a table. Neighbours: `worker/metrics.ts` owns their names, labels and help.
 */
import type { Registry } from 'prom-client';
import { createMetrics } from '../../worker/metrics.ts';
import { cell } from './table.ts';

type Described = {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: readonly string[];
};

const labelsOf = (metric: object): readonly string[] =>
  'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.map(String) : [];

const describedIn = async (registry: Registry): Promise<readonly Described[]> => {
  const shown = await registry.getMetricsAsJSON();
  return shown.map(({ name, help, type }) => {
    const metric = registry.getSingleMetric(name);
    return { name, help, type: String(type), labels: metric === undefined ? [] : labelsOf(metric) };
  });
};

const row = ({ name, type, labels, help }: Described): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${cell(help)} |`;

/** The page `docs/metrics.md`. */
export const metricsReference = async (): Promise<string> => {
  const own = (await describedIn(createMetrics().registry)).filter(({ name }) => name.startsWith('slipway_'));
  return [
    '# Metrics reference',
    '',
    '<!-- Generated from worker/metrics.ts and worker/object-metrics.ts by `npm run generate`; edit these instead. -->',
    '',
    'What the worker serves for Prometheus at `/metrics`, when `SLIPWAY_METRICS_ADDRESS` is set. Times are in seconds. No metric',
    'holds a secret (I8). Beside these there are the usual figures of a Node.js process: `process_…` and `nodejs_…`.',
    '',
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...own.map(row),
    '',
  ].join('\n');
};

/**
 * Status: what runs where, for people and for scripts.
 *
 * Owns: the shape of `status -o json`, which is stable. Neighbours: `sandbox.ts` reads the state.
 */
import { AWS_CREDENTIALS, folders, REGION } from '../layout.ts';
import { saidOf, type ToolRecord, toolsIn } from '../tools/origin.ts';
import { type PartStatus, partsNow, theSandbox } from './sandbox.ts';

export type SandboxStatus = {
  readonly home: string;
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly slipway: string;
  readonly aws: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly ui: string;
    readonly cli: string;
  };
  readonly proxy: string;
  readonly hub: string;
  /** Prometheus metrics of the worker. */
  readonly metrics: string;
  readonly parts: readonly PartStatus[];
  /** The programs that are not Slipway's own, and which way each came. */
  readonly tools: readonly ToolRecord[];
};

const url = (address: { host: string; port: number }): string => `http://${address.host}:${address.port}`;

export const statusNow = (ofHome?: string): SandboxStatus => {
  const { home, layout, state } = theSandbox(ofHome);
  const { kubeconfig, bin } = folders(home);
  return {
    home,
    kubeconfig,
    kubectl: `${layout.bin}/kubectl`,
    slipway: `${bin}/slipway`,
    aws: { endpoint: url(layout.aws), region: REGION, ...AWS_CREDENTIALS },
    temporal: {
      address: `${layout.temporal.host}:${layout.temporal.port}`,
      namespace: 'default',
      ui: url(layout.temporalUi),
      cli: `${layout.bin}/temporal`,
    },
    proxy: url(layout.proxy),
    hub: url(layout.hub),
    metrics: `${url(layout.workerMetrics)}/metrics`,
    parts: partsNow(layout, state),
    tools: toolsIn(layout.bin),
  };
};

const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
};

const partRow = (part: PartStatus): readonly string[] => [
  part.name,
  part.state,
  part.pid === null ? '-' : String(part.pid),
  part.startMilliseconds === undefined ? '-' : `${(part.startMilliseconds / 1000).toFixed(1)} s`,
  part.restarts === undefined ? '-' : String(part.restarts),
  part.log,
];

const asText = (status: SandboxStatus): string => {
  const lost = status.parts.some(({ state }) => state === 'account lost');
  return [
    table([['PART', 'STATE', 'PID', 'READY IN', 'RESTARTS', 'LOG'], ...status.parts.map(partRow)]),
    '',
    table([
      ['Kubernetes API', `KUBECONFIG=${status.kubeconfig}`],
      ['kubectl', status.kubectl],
      ['slipway', status.slipway],
      ['Temporal', status.temporal.address],
      ['Temporal UI', status.temporal.ui],
      ['AWS', status.aws.endpoint],
      ['GKE Hub', status.hub],
      ['Metrics', status.metrics],
      ['Proxy', status.proxy],
    ]),
    '',
    table([['TOOL', 'VERSION', 'CAME'], ...status.tools.map((one) => [one.tool, one.version, saidOf(one)])]),
    ...(lost ? ['', 'account lost: what AWS held is gone with its process. `npm run sandbox -- up` begins anew.'] : []),
  ].join('\n');
};

export const printStatus = (output: 'text' | 'json' = 'text'): void => {
  const status = statusNow();
  process.stdout.write(`${output === 'json' ? JSON.stringify(status, null, 2) : asText(status)}\n`);
};

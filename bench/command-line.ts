/**
 * Command line: how long a person, or kubectl, waits for `slipway`, beside `kubectl version --client`.
 *
 * Owns: the measurement and its budget, which is a ratio: what else runs on the computer slows down both. Neighbours:
 * `cloud.ts` starts the sandbox whose API server and Temporal are asked; `client/cli/slipway.js` keeps what was compiled, here
 * in a folder of the bench's own, so that there is a first start, too. Commands take turns, round after round.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Cloud, inCloud } from './cloud.ts';
import type { BenchOptions } from './main.ts';
import { apply, seedManifests, untilProvisioned } from './manifests.ts';
import { countOf } from './options.ts';
import type { Report } from './report.ts';

/** Of the time of `kubectl version --client`: 0.4 s where that takes 0.09 s. */
const MOST_RATIO = 4.5;
const LIMIT_MS = 600_000;
const CLUSTER = 'cluster-0';
const YARDSTICK = 'kubectl version --client';

const execute = promisify(execFile);

type Typed = { readonly text: string; readonly file: string; readonly args: readonly string[] };
type Timed = { readonly text: string; readonly first: number; readonly seconds: readonly number[] };

/** What has a budget is what the person reads whole; the others are there to be seen. */
const BUDGETED = ['slipway --help', 'slipway version', 'slipway clusters list'];

const commands = (cloud: Cloud, uid: string): readonly Typed[] => {
  const { slipway, kubectl } = cloud.status();
  const ours = (...args: readonly string[]): Typed => ({ text: ['slipway', ...args].join(' '), file: slipway, args });
  return [
    { text: YARDSTICK, file: kubectl, args: ['version', '--client'] },
    { text: 'node -e 0', file: process.execPath, args: ['-e', '0'] },
    ours('--help'),
    ours('version'),
    ours('clusters', 'list'),
    ours('clusters', 'describe', CLUSTER),
    ours('operations', 'list'),
    {
      ...ours('clusters', 'credential', 'default', CLUSTER, uid),
      text: 'what kubectl calls, while a credential is kept',
    },
    { ...ours('__complete', 'bash', 'slipway clusters de'), text: 'Tab: a command' },
    { ...ours('__complete', 'bash', 'slipway clusters describe '), text: 'Tab: a name' },
  ];
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const measureIn = async (cloud: Cloud, runs: number): Promise<readonly Timed[]> => {
  const { home, slipway } = cloud.status();
  const cache = `${home}/bench-cache`;
  const secondsOf = async ({ file, args }: Typed, folder: string = cache): Promise<number> => {
    const began = performance.now();
    await execute(file, [...args], { env: { ...process.env, SLIPWAY_CACHE: folder } });
    return (performance.now() - began) / 1_000;
  };
  await execute(slipway, ['clusters', 'get-credentials', CLUSTER, '--kubeconfig', `${home}/bench-kubeconfig`]);
  const { stdout } = await execute(slipway, ['clusters', 'list', '-o', 'json']);
  const [cluster] = JSON.parse(stdout) as readonly { readonly metadata: { readonly uid: string } }[];
  const timed: { typed: Typed; first: number; seconds: number[] }[] = [];
  for (const [index, typed] of commands(cloud, cluster?.metadata.uid ?? '').entries()) {
    // Nothing is kept for it, not even by those before it.
    const first = await secondsOf(typed, `${cache}-${index}`);
    await secondsOf(typed);
    timed.push({ typed, first, seconds: [] });
  }
  for (let run = 0; run < runs; run += 1) for (const one of timed) one.seconds.push(await secondsOf(one.typed));
  return timed.map(({ typed: { text }, first, seconds }) => ({ text, first, seconds }));
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const runs = countOf(options['runs'], 'runs');
  const timed = await inCloud({ stub: true, temporal: 'memory' }, async (cloud) => {
    const manifests = seedManifests();
    await apply(cloud, manifests);
    await untilProvisioned(cloud, manifests.length, LIMIT_MS);
    return measureIn(cloud, runs);
  });
  const yardstick = median(timed.find(({ text }) => text === YARDSTICK)?.seconds ?? []);
  return {
    bench: 'command-line',
    budgets: timed
      .filter(({ text }) => BUDGETED.includes(text))
      .map(({ text, seconds }) => ({
        what: `${text}, of the time of ${YARDSTICK}`,
        measured: median(seconds) / yardstick,
        unit: 'x',
        most: MOST_RATIO,
      })),
    tables: [
      {
        title: `From Enter to the end of the command, in s, ${runs} runs each`,
        columns: ['COMMAND', 'MEDIAN', 'SHORTEST', 'LONGEST', 'OF KUBECTL', 'FIRST START'],
        rows: timed.map(({ text, first, seconds }) => [
          text,
          median(seconds),
          Math.min(...seconds),
          Math.max(...seconds),
          `${(median(seconds) / yardstick).toFixed(1)} x`,
          first,
        ]),
      },
    ],
    notes: [
      'The cluster is provisioned, with three node pools; machines are stubs; the worker answers the queries of describe.',
      'A first start has nothing that was compiled before.',
    ],
  };
};

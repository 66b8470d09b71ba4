/**
 * Temporal: the dev server with the data that Slipway's workflows need around them.
 *
 * Owns: its arguments, the search attributes and how long histories are kept. Neighbours: `workflows/` sets the attributes.
 */
import { folders, type SandboxLayout } from '../layout.ts';
import type { ComponentCommand } from '../management/components.ts';
import { runCommand } from '../tools/command.ts';

const SEARCH_ATTRIBUTES = ['SlipwayCluster', 'SlipwayPhase', 'SlipwayOperation', 'SlipwayBlockedStep'];
/** What an operation of last quarter did is asked for when something fails today. The server's default is one day. */
const RETENTION = '90d';

const onDisk = (layout: SandboxLayout): readonly string[] => [
  ...['--db-filename', `${folders(layout.home).data}/temporal.db`],
  // Survives the death of the process, which is what the sandbox plays; only a power cut could lose the last writes.
  ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=off'],
];

/** In memory it is quicker, and what it knows ends with its process: for benches. */
export type TemporalData = 'file' | 'memory';

export const temporalData = (caller: NodeJS.ProcessEnv): TemporalData =>
  caller['SLIPWAY_TEMPORAL_DATA'] === 'memory' ? 'memory' : 'file';

export const temporalServer = (layout: SandboxLayout, kept: TemporalData): ComponentCommand => {
  const { host, port } = layout.temporal;
  return {
    file: `${layout.bin}/temporal`,
    args: [
      ...['server', 'start-dev'],
      ...['--ip', host, '--port', `${port}`],
      ...['--ui-ip', layout.temporalUi.host, '--ui-port', `${layout.temporalUi.port}`, '--ui-disable-news-fetch'],
      ...(kept === 'memory' ? [] : onDisk(layout)),
      ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ...['--log-level', 'warn'],
    ],
  };
};

export const setRetention = async (layout: SandboxLayout): Promise<void> => {
  const { host, port } = layout.temporal;
  await runCommand(
    "setting how long Temporal keeps a closed workflow's history",
    `${layout.bin}/temporal`,
    [
      ...['operator', 'namespace', 'update', '--namespace', 'default', '--retention', RETENTION],
      ...['--address', `${host}:${port}`, '--command-timeout', '5s'],
    ],
    // Its own home: a person's settings for other Temporal servers are none of ours.
    { env: { PATH: process.env['PATH'], HOME: folders(layout.home).data } },
  );
};

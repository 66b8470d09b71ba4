/**
 * Parts: the programs of a sandbox, what each needs, and how one sees that it works.
 *
 * Owns: the table. Parts that bear others' absence (the worker waits for Temporal by itself) need nothing, so that
 * everything slow starts at once. Neighbours: `environment.ts` says what they are told, `../management/` how etcd and the
 * API server are called.
 */
import { ACCOUNT, folders, type SandboxLayout } from '../layout.ts';
import { type ComponentCommand, managementApi, managementEtcd } from '../management/components.ts';
import { applyCrds } from '../management/crds.ts';
import { applyWebhook } from '../management/webhook.ts';
import {
  admissionEnvironment,
  awsEnvironment,
  baseEnvironment,
  clientEnvironment,
  workerEnvironment,
} from './environment.ts';
import type { Part } from './part.ts';
import type { Probe } from './probe.ts';
import { setRetention, temporalData, temporalServer } from './temporal.ts';

type Defaults = Pick<Part, 'needs' | 'keeps' | 'graceMilliseconds' | 'data'>;

const DEFAULTS: Defaults = { needs: [], keeps: 'on disk', graceMilliseconds: 3_000, data: [] };

/** As `npm run worker` has them: how much of its garbage the worker keeps (docs/performance.md). */
const WORKER_FLAGS = ['--max-old-space-size=1024', '--max-semi-space-size=8'] as const;

/** How a program of this sandbox is written down as a part of it. */
const partsIn = (layout: SandboxLayout, mark: string, caller: NodeJS.ProcessEnv) => {
  const base = baseEnvironment(layout, mark, caller);
  const files = folders(layout.home);
  const log = (name: string) => `${files.logs}/${name}.log`;
  return {
    layoutFile: files.layout,
    part: (
      name: string,
      command: ComponentCommand,
      probe: Probe,
      more: Partial<Omit<Part, 'name' | 'env'>> & { env?: Readonly<Record<string, string>> } = {},
    ): Part => ({
      ...DEFAULTS,
      ...more,
      name,
      file: command.file,
      args: command.args,
      probe,
      log: log(name),
      env: { ...base, ...more.env },
    }),
    ours: (path: string, args: readonly string[] = [], flags: readonly string[] = []): ComponentCommand => ({
      file: layout.node,
      args: [...flags, `${layout.checkout}/${path}`, ...args],
    }),
    says: (name: string, text: string): Probe => ({ kind: 'says', log: log(name), text }),
  };
};

type Parts = ReturnType<typeof partsIn>;

/** What Slipway's own programs run on. */
const ground = ({ part, ours, says, layoutFile }: Parts, layout: SandboxLayout, caller: NodeJS.ProcessEnv): Part[] => {
  const { data, pki } = folders(layout.home);
  const machines = layout.stub === undefined ? 'sandbox/instances/main.ts' : 'sandbox/stub/main.ts';
  return [
    part(
      'temporal',
      temporalServer(layout, temporalData(caller)),
      { kind: 'listens', address: layout.temporal },
      { prepare: () => setRetention(layout), data: ['', '-wal', '-shm'].map((s) => `${data}/temporal.db${s}`) },
    ),
    part(
      'aws',
      ours('sandbox/aws/main.ts', [layoutFile]),
      { kind: 'listens', address: layout.aws },
      { keeps: 'in memory', env: { MOTO_ACCOUNT_ID: ACCOUNT } },
    ),
    part('management-etcd', managementEtcd(layout), { kind: 'listens', address: layout.managementEtcd }),
    part(
      'management-apiserver',
      managementApi(layout),
      {
        kind: 'answers',
        url: `https://${layout.managementApi.host}:${layout.managementApi.port}/readyz`,
        authority: `${pki}/ca.crt`,
      },
      { needs: ['management-etcd'], prepare: () => applyCrds(layout) },
    ),
    part('hub', ours('sandbox/hub/main.ts', [layoutFile]), { kind: 'listens', address: layout.hub }),
    part(
      'network',
      ours('sandbox/network/main.ts', [layoutFile]),
      { kind: 'listens', address: layout.proxy },
      { needs: ['aws'], env: awsEnvironment(layout) },
    ),
    part('instances', ours(machines, [layoutFile]), says('instances', '":"Playing'), {
      needs: ['aws'],
      env: awsEnvironment(layout),
    }),
  ];
};

/** The same programs as everywhere. */
const slipway = ({ part, ours, says }: Parts, layout: SandboxLayout, caller: NodeJS.ProcessEnv): Part[] => [
  part('slipway-worker', ours('worker/main.ts', [], WORKER_FLAGS), says('slipway-worker', '"msg":"Working"'), {
    needs: ['temporal', 'aws', 'management-apiserver'],
    env: workerEnvironment(layout, caller),
  }),
  part('slipway-client', ours('client/watcher/main.ts'), says('slipway-client', '"msg":"Watching'), {
    needs: ['temporal', 'management-apiserver'],
    env: clientEnvironment(layout, 'slipway-watcher'),
  }),
  part('slipway-admission', ours('client/admission/main.ts'), says('slipway-admission', '"msg":"Judging'), {
    needs: ['management-apiserver'],
    env: admissionEnvironment(layout),
    prepare: () => applyWebhook(layout),
  }),
];

/** All parts of the sandbox. `caller` is the environment of whoever ran `up`. */
export const partsOf = (layout: SandboxLayout, mark: string, caller: NodeJS.ProcessEnv): readonly Part[] => {
  const parts = partsIn(layout, mark, caller);
  return [...ground(parts, layout, caller), ...slipway(parts, layout, caller)];
};

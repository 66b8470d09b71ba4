/**
 * What `deploy/monitoring/` has for Prometheus and Grafana: that it asks for metrics that are there, leads to sections that are there, and
 * that each alert fires in the situation that it is for. Pages are scraped from the registry that a worker serves.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { timeOf } from '../../words/time.ts';
import { createMetrics, type StuckListing } from '../../worker/metrics.ts';
import type { CountedObject } from '../../worker/object-metrics.ts';
import { anchorsOf, pages, ROOT } from '../docs/markdown.ts';
import { expectFiring, type Firing, promtool } from '../support/promtool.ts';
import { STUCK_STATES } from '../workflows/stuck-states.ts';

const FOLDER = join(ROOT, 'deploy/monitoring');
const RULES = join(FOLDER, 'rules.yaml');

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<string, string>>;
};
type Panel = {
  readonly title: string;
  readonly description: string;
  readonly targets: readonly { readonly expr: string }[];
};
type Dashboard = { readonly panels: readonly Panel[]; readonly links: readonly { readonly url: string }[] };

const rules = (): readonly Rule[] =>
  (
    parse(readFileSync(RULES, 'utf8')) as { readonly groups: readonly { readonly rules: readonly Rule[] }[] }
  ).groups.flatMap((group) => group.rules);
const dashboards = (): readonly (readonly [string, Dashboard])[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [file, JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Dashboard]);

const expressions = (): readonly (readonly [string, string])[] => [
  ...rules().map(({ alert, expr }) => [alert, expr] as const),
  ...dashboards().flatMap(([file, { panels }]) =>
    panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`${file}: ${title}`, expr] as const)),
  ),
];

/** With something of every kind in it, so that no metric is without a sample. */
const pageOf = async (objects: readonly CountedObject[], stuck: readonly StuckListing[]): Promise<string> => {
  const metrics = createMetrics({ objects: async () => objects, stuck: async () => stuck });
  metrics.certificates('gke-0a1b2c3d', [{ kind: 'api-server', notAfter: Date.now() + 300 * DAY * 1_000 }]);
  metrics.awsCalls.inc({ service: 'ec2', operation: 'CreateVolume', code: 'OK' });
  metrics.awsSeconds.observe({ service: 'ec2', operation: 'CreateVolume' }, 1);
  metrics.steps.inc({ verb: 'ensure', kind: 'etcd-volume', outcome: 'created' });
  metrics.stepSeconds.observe({ verb: 'ensure', kind: 'etcd-volume' }, 1);
  return metrics.registry.metrics();
};

const DAY = 86_400;
const ago = (seconds: number): string => timeOf(Date.now() - seconds * 1_000);

type Planted = { readonly objects: readonly CountedObject[]; readonly stuck: readonly StuckListing[] };

const well: CountedObject = {
  kind: 'AWSCluster',
  status: {
    state: 'Provisioned',
    established: true,
    conditions: [{ type: 'Ready', status: 'True', reason: 'Provisioned' }],
    backup: { lastSuccess: { time: ago(3_600) } },
  },
};

const planted = (status: NonNullable<CountedObject['status']>): Planted => ({
  objects: [well, { ...well, status: { ...well.status, ...status } }],
  stuck: [],
});

const condition = (type: string, reason: string, status: 'True' | 'False' = 'True'): Planted =>
  planted({ conditions: [{ type, reason, status }] });

/** As status and Temporal have it. */
const stuckBy = (what: string, since?: number): Planted => {
  const state = STUCK_STATES.find(([name]) => name === what);
  if (state === undefined) throw new Error(`There is no state "${what}".`);
  const [, { object, listing }] = state;
  const blocked = listing.blocked.map((one) => ({ ...one, since: Date.now() - (since ?? 60) * 1_000 }));
  const backup = { lastSuccess: { time: ago(3_600) } };
  return {
    objects: [well, { kind: object.kind, status: { ...object.status, backup } }],
    stuck: [{ object: object.kind === 'AWSCluster' ? 'AWSCluster' : 'AWSNodePool', ...listing, blocked }],
  };
};

const stuckAlert = (reason: string, waits: string, kind = 'AWSCluster'): Firing => ({
  ...{ alertname: 'SlipwayStuck', severity: 'warning', kind, reason, waits_for: waits },
});
const SITUATIONS: readonly (readonly [string, Planted | undefined, readonly Firing[], number])[] = [
  ['all is well', { objects: [well], stuck: [] }, [], 2 * 1_440],
  ['a step waits for a person', stuckBy('a step that is blocked'), [stuckAlert('StepBlocked', 'person')], 20],
  ['nobody could cure it so soon', stuckBy('a step that is blocked'), [], 10],
  ['a person aborted', stuckBy('an operation that a person aborted'), [stuckAlert('Aborted', 'person')], 20],
  [
    'a node is not repaired',
    stuckBy('a node that nothing replaces'),
    [stuckAlert('NotRepaired', 'person', 'AWSNodePool')],
    20,
  ],
  [
    'AWS has no capacity',
    stuckBy('a step that is capacity'),
    [
      stuckAlert('WaitingForCapacity', 'itself'),
      { alertname: 'SlipwayNoCapacity', severity: 'warning', kind: 'AWSCluster' },
    ],
    40,
  ],
  [
    'etcd has lost its quorum',
    stuckBy('a lost quorum'),
    [stuckAlert('QuorumLost', 'person'), { alertname: 'SlipwayQuorumLost', severity: 'critical', kind: 'AWSCluster' }],
    20,
  ],
  [
    'a step is blocked since the morning',
    stuckBy('a step that is retry', 7 * 3_600),
    [{ alertname: 'SlipwayStepBlockedForLong', severity: 'warning' }],
    5,
  ],
  [
    'the load balancer is lost',
    condition('Ready', 'Unreachable', 'False'),
    [{ alertname: 'SlipwayUnreachable', severity: 'critical', kind: 'AWSCluster' }],
    20,
  ],
  [
    'the watcher is down',
    { objects: [well, { kind: 'AWSCluster' }], stuck: [] },
    [{ alertname: 'SlipwayNotLookedAt', severity: 'critical', kind: 'AWSCluster' }],
    20,
  ],
  ['no worker is up', undefined, [{ alertname: 'SlipwayWorkerDown', severity: 'critical' }], 20],
  [
    'backups fail',
    condition('BackupFailing', 'Overdue'),
    [{ alertname: 'SlipwayBackupFailing', severity: 'warning', reason: 'Overdue' }],
    40,
  ],
  [
    'the newest backup is old',
    planted({ backup: { lastSuccess: { time: ago(3 * DAY) } } }),
    [{ alertname: 'SlipwayBackupOld', severity: 'warning' }],
    40,
  ],
  ['there is no backup', planted({ backup: {} }), [{ alertname: 'SlipwayNoBackup', severity: 'info' }], 1_500],
  [
    'a certificate is near its end',
    condition('CertificatesExpiring', 'AuthorityEnds'),
    [{ alertname: 'SlipwayCertificateEnds', severity: 'warning', kind: 'AWSCluster' }],
    40,
  ],
  [
    'an upgrade soaks for long',
    planted({ upgrade: { phase: 'Soaking', soakingSince: ago(9 * DAY) } }),
    [{ alertname: 'SlipwaySoaksForLong', severity: 'info' }],
    5,
  ],
  [
    'something was changed by hand',
    condition('Drifted', 'DiffersFromSpec'),
    [{ alertname: 'SlipwayDrifted', severity: 'info', kind: 'AWSCluster' }],
    70,
  ],
];

describe('monitoring', () => {
  test('asks only for metrics that a worker serves', async () => {
    const page = await pageOf([well], []);
    const served = new Set([...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name));
    const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');
    const unknown = expressions().flatMap(([where, expr]) => {
      const names = expr.match(/\b(slipway|process|nodejs)_\w+/g) ?? [];
      return names.filter((name) => !served.has(name) && !served.has(base(name))).map((name) => `${where}: ${name}`);
    });
    expect(expressions().filter(([, expr]) => !/\b(slipway|process)_/.test(expr))).toEqual([]);
    expect(unknown).toEqual([]);
  });

  test('shows every metric of its own on a dashboard', async () => {
    const page = await pageOf([well], []);
    const own = [...page.matchAll(/^# TYPE (slipway_\S+)/gm)].map(([, name = '']) => name);
    const shown = dashboards().flatMap(([, { panels }]) =>
      panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    );
    expect(own.filter((name) => !shown.some((expr) => expr.includes(name)))).toEqual([]);
  });

  test('leads to sections that are there', () => {
    const links = [
      ...rules().map(({ annotations }) => annotations['runbook_url'] ?? ''),
      ...dashboards().flatMap(([, board]) => board.links.map(({ url }) => url)),
    ];
    const broken = links.filter((link) => {
      const [path, anchor = ''] = link.split('#');
      const page = pages().find((one) => one.path === path);
      return page === undefined || !anchorsOf(page).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('tells with each alert what it means and how loud it is, and has a situation for each', () => {
    for (const { annotations, labels } of rules()) {
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url']);
      expect(['critical', 'warning', 'info']).toContain(labels.severity);
    }
    const fired = new Set(SITUATIONS.flatMap(([, , firing]) => firing.map(({ alertname }) => alertname)));
    expect(
      rules()
        .map(({ alert }) => alert)
        .filter((alert) => !fired.has(alert)),
    ).toEqual([]);
  });
});

const program = promtool();
const withPromtool = program === undefined ? describe.skip : describe;
const why = program === undefined ? ' (skipped: this computer has no promtool, such as of the package prometheus)' : '';

withPromtool(`alerts, evaluated by Prometheus’ own program${why}`, () => {
  test.each(SITUATIONS)('where %s', async (_what, situation, firing, minutes) => {
    const page = situation === undefined ? '' : await pageOf(situation.objects, situation.stuck);
    expectFiring(program ?? '', RULES, { page, minutes, firing });
  });
});

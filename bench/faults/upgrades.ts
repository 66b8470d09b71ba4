/**
 * Upgrades: what must be true once a control plane has been upgraded, or is again what it was, whatever the faults were.
 *
 * Owns: the judgement, against the same situation without a fault. Neighbours: `standing-control-plane.ts` gathered the facts,
 * `replica-watch.ts` what was seen meanwhile; `changes.ts` judges node pools. Pure. All of it is compared with real control planes, too.
 */
import { minorOf } from '../../api/minor.ts';
import { releaseOf } from '../../api/releases.ts';
import { COMMITTED_TAG, EMULATES_TAG } from '../../words/emulation.ts';
import { difference, operations, overlapping, unfinished } from './checks.ts';
import type { ControlPlaneSituation } from './control-planes.ts';
import type { Upgrade } from './standing-control-plane.ts';
import { CONTROL_PLANE_VERSIONS } from './versions.ts';

const older = minorOf(releaseOf(CONTROL_PLANE_VERSIONS.older)?.kubernetes ?? '');

/** All three are of the version that is asked for, and serve as its own minor; each is a machine that EC2 has. */
const replicasOf = ({ replicas, machines, seen }: Upgrade, clean: Upgrade, version: string): string[] => {
  const kubernetes = releaseOf(version)?.kubernetes ?? '';
  const wanted = clean.replicas.map(({ index }) => `replica ${index}, ${kubernetes} as ${minorOf(kubernetes)}`);
  const are = replicas.map(
    ({ index, kubernetes: its, serves }) => `replica ${index}, ${its} as ${serves ?? 'nothing'}`,
  );
  return [
    ...difference('the control plane', are, wanted),
    ...difference(
      'machines of the control plane and its replicas',
      machines,
      replicas.map(({ instance }) => instance),
    ),
    ...(seen.length === clean.seen.length
      ? []
      : [`${seen.length} machines were replicas at one time or another instead of ${clean.seen.length}`]),
  ];
};

/** While it may go back the older minor is on all disks, and after that the newer one, for good. */
const marksOf = ({ marks }: Upgrade, version: string): string[] => {
  const kubernetes = releaseOf(version)?.kubernetes ?? '';
  const committed = version === CONTROL_PLANE_VERSIONS.newer ? minorOf(kubernetes) : 'nothing';
  return difference(
    'what the etcd volumes say',
    marks.map(
      ({ index, tags }) =>
        `volume ${index} emulates ${tags[EMULATES_TAG] ?? 'nothing'}, is committed to ${tags[COMMITTED_TAG] ?? 'nothing'}`,
    ),
    [0, 1, 2].map((index) => `volume ${index} emulates ${older}, is committed to ${committed}`),
  );
};

const etcdOf = ({ etcd: { before, after } }: Upgrade): string[] => [
  ...(after?.hasQuorum === true ? [] : ['I5: etcd has no quorum']),
  ...difference('I5: volumes with data', after?.volumes ?? [], before?.volumes ?? []),
];

/** Everything that is wrong with it, in sentences; empty where nothing is. */
export const judgeUpgrade = (
  upgrade: Upgrade,
  clean: Upgrade,
  { operations: wanted, ends }: ControlPlaneSituation,
): readonly string[] => [
  ...operations(upgrade.runs, wanted),
  ...unfinished(upgrade.runs),
  ...overlapping(upgrade.runs),
  ...difference('the account, afterwards', upgrade.rows.after, upgrade.rows.before),
  ...[...upgrade.most].flatMap(([what, most]) => {
    const atMost = clean.most.get(what) ?? 0;
    return most > atMost ? [`I2: ${what} was there ${most} times at once instead of ${atMost}`] : [];
  }),
  ...upgrade.watched,
  ...replicasOf(upgrade, clean, ends),
  ...upgrade.templates
    .filter((version) => version !== ends)
    .map((version) => `a template of ${version} is left, and ${ends} runs`),
  ...marksOf(upgrade, ends),
  ...etcdOf(upgrade),
  ...difference('nodes of the pool', upgrade.nodes.after, upgrade.nodes.before),
  ...upgrade.secondLook.map(({ name }) => `I6: a second look sent ${name}`),
  ...upgrade.leaked.map((one) => `I8: the content of ${one} stands in a history`),
];

/** What is said of another version of a control plane before anybody asks for it. */
import { describe, expect, test } from '@jest/globals';
import { controlPlaneMachines } from '../../client/changes.ts';
import { versionWords } from '../../client/version-words.ts';
import { seedCluster } from '../topology/objects.ts';

const [OLD, NEW, ETCD] = ['1.36.3-gke.1', '1.37.2-gke.1', '1.37.2-gke.2'] as const;
const revision = (version: string, kubernetes: string, etcd = '3.6.16') => ({
  revision: { version, kubernetes, etcd },
});
const RUNS_OLD = revision(OLD, '1.36.3');
const RUNS_NEW = revision(NEW, '1.37.2');
const ALL = 'replaces the 3 machines of the control plane in turns, 1 at a time while the others serve';

const asked = (version: string, upgrade: object = {}) => ({
  controlPlane: { version, upgrade: { soakSeconds: 86_400, ...upgrade } },
});
const under = (versions: readonly string[], committed = false) => ({
  ...RUNS_OLD,
  upgrade: { from: OLD, to: NEW, committed, replicas: versions.map((version, index) => ({ index, version })) },
});

describe('another version of a control plane', () => {
  test.each<[string, object, object, string]>([
    [
      'a newer minor serves as the one before until it is committed',
      RUNS_OLD,
      asked(NEW),
      `${ALL}; serves as Kubernetes 1.36 for 86400 s more, and goes back to ${OLD} until then; afterwards as 1.37, with no way back`,
    ],
    [
      'without a soak there is no way back from the first machine on',
      RUNS_OLD,
      asked(NEW, { soakSeconds: 0 }),
      `${ALL}; serves as Kubernetes 1.37 from the first of them on, from which there is no way back, since spec.controlPlane.upgrade.soakSeconds is 0`,
    ],
    [
      'a newer minor of etcd goes back before its last member',
      RUNS_NEW,
      asked(ETCD),
      `${ALL}; goes back to ${NEW} until the last of them begins to have etcd 3.7, and not after`,
    ],
    [
      'another version of the same minors goes back at any time',
      revision('1.16.9-gke.12', '1.36.3'),
      asked(OLD),
      `${ALL}; goes back to 1.16.9-gke.12 at any time, by as many turns`,
    ],
    [
      'where one of three machines is new already, one goes back',
      under([NEW, OLD, OLD]),
      asked(OLD),
      `takes the upgrade to ${NEW} back: replaces 1 of the 3 machines of the control plane in turns, 1 at a time while the others serve`,
    ],
    ['where all are, all go back', under([NEW, NEW, NEW]), asked(OLD), `takes the upgrade to ${NEW} back: ${ALL}`],
    [
      'where none is, none goes',
      under([OLD, OLD, OLD]),
      asked(OLD),
      `takes the upgrade to ${NEW} back: no machine has been replaced`,
    ],
    [
      'what is committed already is what it comes from, whatever is pinned',
      under([NEW, NEW, NEW], true),
      asked(ETCD),
      `${ALL}; goes back to ${NEW} until the last of them begins to have etcd 3.7, and not after`,
    ],
  ])('%s', (_, status, spec, expected) => {
    const words = versionWords(spec, status);
    expect([words?.does, ...(words?.until === undefined ? [] : [words.until])].join('; ')).toBe(expected);
    // Behind the field's name it is a warning of admission, which Kubernetes cuts off after 256 characters.
    expect(`spec.controlPlane.version: ${expected}`.length).toBeLessThanOrEqual(256);
  });

  test.each<[string, unknown, object]>([
    ['status does not say what runs', { state: 'Provisioned' }, asked(NEW)],
    ['status is of no release that is known', { revision: 7 }, asked(NEW)],
    ['status has versions that nobody can read', revision(OLD, 'latest'), asked(NEW)],
    ['the catalogue does not hold it', RUNS_OLD, asked('1.99.0-gke.1')],
    ['it is what runs', RUNS_OLD, asked(OLD)],
    ['it is refused, being older', RUNS_NEW, asked(OLD)],
    ['it is refused, since two minors would move', RUNS_OLD, asked(ETCD)],
  ])('is said nothing special of where %s', (_, status, spec) => {
    expect(versionWords(spec, status)).toBeUndefined();
  });
});

describe('machines of a control plane that go with a change', () => {
  const change = (field: string, takes: 'turns' | 'in place' = 'turns') => ({ field, takes });
  const { spec } = seedCluster({ controlPlane: { version: OLD } });
  const going = { spec, status: under([NEW, OLD, OLD]) };

  test.each([
    ['none where nothing takes a turn', [change('controlPlane.tags', 'in place')], 0],
    ['those of the other version where an upgrade is taken back', [change('controlPlane.version')], 1],
    [
      'all where something else of them changes, too',
      [change('controlPlane.version'), change('controlPlane.keyName')],
      3,
    ],
    ['all with another field', [change('controlPlane.keyName')], 3],
  ])('are %s', (_, changes, expected) => {
    expect(controlPlaneMachines(changes, going)).toBe(expected);
  });
});

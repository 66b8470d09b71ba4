/**
 * Programs: what those of a replica would be that ran as `machine/` describes them, as far as anybody can tell from outside.
 *
 * Owns: their versions, the minor that Kubernetes serves as, and by which minor etcd's members store, which they agree on. Neighbours:
 * `replica.ts` has the components described, `server.ts` says the version. Pure.
 * Limits: that is all that a version changes. Every version serves the same kinds, fields and defaults, and stores them alike.
 */
import { compareMinors, type Minor, minorOf, minorsBetween, numbersOf } from '../../api/minor.ts';
import type { Component } from '../../machine/component.ts';
import { oldestEmulatedBy } from '../../machine/emulation.ts';

export type Programs = {
  /** Versions without a leading v. */
  readonly kubernetes: string;
  readonly etcd: string;
  /** The minor that Kubernetes serves as: its own, or an older one that it was told to emulate. Undefined while it doesn't. */
  readonly serves?: Minor;
};

const argumentOf = ({ program }: Component, flag: string): string | undefined =>
  program.kind === 'binary'
    ? program.arguments.find((one) => one.startsWith(`--${flag}=`))?.slice(`--${flag}=`.length)
    : undefined;

const componentIn = (components: readonly Component[], name: string): Component => {
  const found = components.find((component) => component.name === name);
  if (found === undefined) throw new Error(`A replica has no component ${name}`);
  return found;
};

const versionOf = ({ name, version }: Component): string => {
  if (version === undefined) throw new Error(`Component ${name} is of no version`);
  return version;
};

/** Throws as the API server ends that is told to serve as what it can't. */
const mustServeAs = (kubernetes: string, serves: Minor): void => {
  const own = minorOf(kubernetes);
  const oldest = oldestEmulatedBy(own);
  if (compareMinors(serves, oldest) >= 0 && compareMinors(serves, own) <= 0) return;
  throw new Error(`emulation version ${serves} is not between [${oldest}, ${own}.0]`);
};

/** What a replica runs whose components are these. */
export const programsIn = (components: readonly Component[]): Programs => {
  const apiServer = componentIn(components, 'kube-apiserver');
  const kubernetes = versionOf(apiServer);
  const serves = minorOf(argumentOf(apiServer, 'emulated-version') ?? kubernetes);
  mustServeAs(kubernetes, serves);
  return { kubernetes, etcd: versionOf(componentIn(components, 'etcd')), serves };
};

/** What `/version` answers. Who serves as a minor goes by default no further back than to the one before that. */
export const versionInfo = ({
  kubernetes,
  serves = minorOf(kubernetes),
}: Programs): Readonly<Record<string, string>> => {
  const [major, minor] = numbersOf(minorOf(kubernetes));
  const [emulatedMajor, emulated] = numbersOf(serves);
  return {
    major: String(major),
    minor: String(minor),
    emulationMajor: String(emulatedMajor),
    emulationMinor: String(emulated),
    minCompatibilityMajor: String(emulatedMajor),
    minCompatibilityMinor: String(emulated - 1),
    gitVersion: `v${kubernetes}`,
    platform: 'linux/amd64',
  };
};

/**
 * By which minor etcd's members store: that of the oldest, once all of them run, and never an older one than before.
 * https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/ : until the last member is new, each may go back.
 */
export const agreedMinor = (
  running: readonly string[],
  members: number,
  before: string | undefined,
): string | undefined => {
  const oldest = running.map(minorOf).toSorted(compareMinors)[0];
  if (oldest === undefined || (running.length < members && before !== undefined)) return before;
  return before !== undefined && minorsBetween(before, oldest) < 0 ? before : oldest;
};

/** Why a member does not start on what the others store by, if so: as etcd says it, which then ends. */
export const etcdProblem = (etcd: string, agreed: string | undefined): string | undefined =>
  agreed === undefined || minorsBetween(agreed, etcd) >= 0
    ? undefined
    : `etcd ${etcd} does not start: the cluster's version ${agreed}.0 is not supported by it`;

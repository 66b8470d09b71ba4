/**
 * Wanted: which tools somebody needs who asks for a release that is not today's.
 *
 * Owns: what of a release runs on this computer, and which tool makes it. Everybody has the programs of today's release; those of
 * another take minutes to build, and are had where a sandbox, or a person, asks for that release. Neighbours: `catalogue.ts` lists the
 * tools; `aws/images.ts` publishes the images of releases whose programs are there.
 */
import { accessSync, constants } from 'node:fs';
import { type Release, releaseOf, revisionsOf, unknownVersion } from '../../api/releases.ts';
import { hasCode } from '../../words/failure.ts';
import { SandboxFailure } from '../failure.ts';
import { programsOf } from '../layout.ts';
import { GO_TOOLS, type GoTool } from './catalogue.ts';
import { versionOf } from './recipes.ts';

/** What of a release the sandbox has to have, and in which version, without a leading v: one program for each tool. */
const programsIn = ({ kubernetes, etcd, cloudController }: Release): readonly (readonly [string, string])[] => [
  ['kube-apiserver', kubernetes],
  ['etcd', etcd],
  ['aws-cloud-controller-manager', cloudController],
];

const isThere = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT', 'EACCES', 'ENOTDIR')) return false;
    throw thrown;
  }
};

/** What a release lacks in a folder of tools, each as `kube-apiserver 1.37.2`. */
export const lackingOf = (release: Release, binaries: string): readonly string[] =>
  programsIn(release).flatMap(([name, version]) =>
    isThere(`${programsOf(binaries, version)}/${name}`) ? [] : [`${name} ${version}`],
  );

/** The tools that make a release's programs, of all tools that there are. */
export const toolsFor = (release: Release, tools: readonly GoTool[] = GO_TOOLS): readonly GoTool[] =>
  programsIn(release).flatMap(([name, version]) =>
    tools.filter((tool) => tool.binaries[name] !== undefined && versionOf(tool) === `v${version}`),
  );

/** The tools, beside those that everybody has, that run every revision of these versions. */
export const toolsOf = (versions: readonly string[]): readonly GoTool[] => {
  const unknown = versions.find((version) => releaseOf(version) === undefined);
  if (unknown !== undefined) {
    const { reason, cure } = unknownVersion(unknown);
    throw new SandboxFailure('usage', reason, cure);
  }
  const needed = versions.flatMap((version) => revisionsOf(version)).flatMap((release) => toolsFor(release));
  return [...new Set(needed)].filter(({ beside }) => beside === 'when asked for');
};

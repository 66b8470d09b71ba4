/**
 * Same authorities: that the machines of a replica are never told of other authorities than those which run trust.
 *
 * Owns: the comparison of what a template's newest version says in public with what is to be said, before a version is written anew. A
 * Secret that somebody changed or restored wrongly would otherwise be rolled out over a cluster that serves: no member of etcd, no node and
 * nobody's credentials would trust the machine that comes. Neighbours: `launch-template.ts` asks; `policy/loss.ts` has what is missing.
 * Invariant: I5.
 */
import { isDeepStrictEqual } from 'node:util';
import { DescribeLaunchTemplateVersionsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import type { Thing } from '../../kinds/resource.ts';
import type { ReplicaConfiguration, UserData } from '../../machine/configuration.ts';
import type { Wanted } from '../driver.ts';
import { blockedError } from '../verdicts.ts';

type Authorities = ReplicaConfiguration['certificateAuthorities'];

/** What machines of the newest version trust; undefined where it says nothing that can be read. */
const authoritiesIn = (userData: string | undefined): Authorities | undefined => {
  if (userData === undefined) return undefined;
  const { configuration } = JSON.parse(Buffer.from(userData, 'base64').toString('utf8')) as UserData;
  return configuration.role === 'replica' ? configuration.certificateAuthorities : undefined;
};

/** Throws where a replica's template says otherwise by now; of a node's, whose pool asks its cluster, nothing is asked. */
export const refuseOtherAuthorities = async (
  ec2: EC2Client,
  { properties, key, signal }: Wanted<'launch-template'>,
  { outputs }: Thing<'launch-template'>,
): Promise<void> => {
  if (properties.userData.role !== 'replica') return;
  const answer = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: outputs.id, Versions: [outputs.version ?? ''] }),
    { abortSignal: signal },
  );
  const are = authoritiesIn(answer.LaunchTemplateVersions?.[0]?.LaunchTemplateData?.UserData);
  const { certificateAuthorities: wanted } = properties.userData.configuration as ReplicaConfiguration;
  if (are === undefined) return;
  const others = (Object.keys(wanted) as (keyof Authorities)[]).filter(
    (name) => !isDeepStrictEqual(are[name], wanted[name]),
  );
  if (others.length === 0) return;
  throw blockedError(
    `${key} stays as it is: its machines trust other authorities (${others.sort().join(', ')}) than the Secrets of the cluster hold ` +
      'now, and a machine that is told of those would be trusted by nobody. Restore the Secrets from a backup, then it goes on.',
  );
};

/** A replica's template that is written anew: never with other authorities than its machines trust. */
import { describe, expect, test } from '@jest/globals';
import { refuseOtherAuthorities } from '../../../activities/aws/same-authorities.ts';
import type { Thing } from '../../../kinds/resource.ts';
import type { MachineConfiguration } from '../../../machine/configuration.ts';
import { nodeConfiguration, replicaConfiguration } from '../../machine/examples.ts';
import { answering } from './answering.ts';

const OURS = { root: 'root', etcd: 'etcd', frontProxy: 'front-proxy' };
const replica = (certificateAuthorities = OURS) => replicaConfiguration({ certificateAuthorities });

const asked = (is: MachineConfiguration, wanted: MachineConfiguration) => {
  const UserData = Buffer.from(JSON.stringify({ slipway: 1, configuration: is, sealed: {} })).toString('base64');
  const { clients, asked: calls } = answering({
    DescribeLaunchTemplateVersions: () => ({ LaunchTemplateVersions: [{ LaunchTemplateData: { UserData } }] }),
  });
  const properties = { userData: { role: wanted.role, configuration: wanted } };
  const request = { key: 'launch-template/controlplane-0/1', properties, signal: new AbortController().signal };
  const found = { outputs: { id: 'lt-1', version: '3' } } as unknown as Thing<'launch-template'>;
  return { judged: refuseOtherAuthorities(clients.ec2, request as never, found), calls };
};

describe('a template that is to be written anew', () => {
  test('is, where its machines trust the same authorities', async () => {
    const { judged, calls } = asked(replica(), replica());
    await expect(judged).resolves.toBeUndefined();
    expect(calls.map(({ input }) => input)).toEqual([{ LaunchTemplateId: 'lt-1', Versions: ['3'] }]);
  });

  test('is not where a Secret holds another authority by now, which is named with what helps', async () => {
    await expect(asked(replica(), replica({ ...OURS, etcd: 'another' })).judged).rejects.toThrow(
      /trust other authorities \(etcd\) than the Secrets of the cluster hold now.*Restore the Secrets from a backup/,
    );
  });

  test('costs no call where it is a node’s', async () => {
    const { judged, calls } = asked(nodeConfiguration(), nodeConfiguration());
    await expect(judged).resolves.toBeUndefined();
    expect(calls).toEqual([]);
  });
});

/**
 * The machines of a topology: the very documents that they would be told, read by the agent itself.
 *
 * Owns: outputs as AWS and the management API spell them, and documents as `activities/seal.ts` packs them, with sealed parts as long
 * as real ones.
 */
import { parseUserData } from '../../agent/user-data.ts';
import { type Resource, rowOf } from '../../kinds/resource.ts';
import { replicaComponents } from '../../machine/components.ts';
import type { MachineConfiguration, UserData } from '../../machine/configuration.ts';
import { nodeComponents } from '../../machine/node-components.ts';
import { type Known, resolved } from '../../policy/known.ts';
import { nodeMachine, replicaMachine } from '../machine/examples.ts';

const base64 = (length: number): string => 'A'.repeat(Math.ceil(length / 4) * 4);
const PEM = `-----BEGIN CERTIFICATE-----\n${base64(900)}\n-----END CERTIFICATE-----\n`;
/** Four private keys, and a data key of KMS. */
const SEALED = { encryptedKey: base64(250), nonce: base64(16), tag: base64(24), ciphertext: base64(1_500) };

const numberIn = (key: string): string => /(\d)$/.exec(key)?.[1] ?? '0';

const outputsOf = ({ key, kind }: Resource): Readonly<Record<string, string>> => {
  const id = (of: string): string => `${of}-0123456789abcdef${numberIn(key)}`;
  switch (kind) {
    case 'etcd-volume':
      return { id: id('vol') };
    case 'network-interface':
      return { id: id('eni'), address: `10.0.1.1${numberIn(key)}` };
    case 'security-group':
      return { id: id('sg') };
    case 'secret':
      return { name: key, fingerprint: 'f', certificate: PEM, public: PEM };
    case 'load-balancer':
      return { arn: 'arn', dnsName: 'gke-1-controlplane-0123456789abcdef.elb.eu-west-1.amazonaws.com' };
    default:
      return { id: key, version: '1', arn: 'arn' };
  }
};

/** What the agent makes of a document. Throws what it would refuse to boot with. */
export const bootWith = (document: string): UserData => {
  const read = parseUserData(document);
  const { configuration } = read;
  if (configuration.role === 'replica') replicaComponents(replicaMachine({ configuration }));
  else nodeComponents(nodeMachine({ configuration }));
  return read;
};

/** The same for each machine of a topology; how many kinds of machine there are. */
export const bootEach = (resources: readonly Resource[], others: readonly Resource[] = []): number => {
  const known: Known = Object.fromEntries([...others, ...resources].map((one) => [one.key, outputsOf(one)]));
  const templates = resources.filter(({ kind }) => rowOf(kind) === rowOf('launch-template'));
  for (const { key, properties } of templates) {
    const { configuration } = (properties as unknown as { userData: { configuration: object } }).userData;
    const told = resolved(configuration, known) as MachineConfiguration | undefined;
    if (told === undefined) throw new Error(`${key} refers to something that nothing yields.`);
    bootWith(JSON.stringify({ slipway: 1, configuration: told, sealed: SEALED }));
  }
  return templates.length;
};

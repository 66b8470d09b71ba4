/** Reads from a replica's etcd, as a client that its authority knows. */
import 'reflect-metadata';
import { issueClientCertificate } from '../../activities/kubernetes/certificates.ts';
import { secureAgent } from '../../kubernetes/connections.ts';
import { send } from '../../kubernetes/http.ts';
import { generateKeyPair, privateKeyPem } from '../../machine/x509.ts';
import type { ClusterForTests } from './cluster.ts';

type Member = { readonly ID: string; readonly name?: string; readonly isLearner?: boolean };

export const etcdOf = (cluster: ClusterForTests, index: number) => {
  const call = async (path: string, body: unknown): Promise<unknown> => {
    const pair = await generateKeyPair();
    const { certificate } = await issueClientCertificate({
      authority: cluster.authorities.etcd,
      subject: { organization: 'test', commonName: 'test' },
      publicKey: pair.publicKey,
      lifetimeMs: 600_000,
    });
    const agent = secureAgent({
      ca: cluster.authorities.etcd.certificate,
      cert: certificate,
      key: await privateKeyPem(pair.privateKey),
    });
    try {
      const answer = await send({
        url: `https://${cluster.addresses[index]}:2379/v3/${path}`,
        method: 'POST',
        body: JSON.stringify(body),
        agent,
        timeoutMillis: 10_000,
      });
      if (answer.status !== 200) throw new Error(`etcd answered ${answer.status}: ${answer.body}`);
      return JSON.parse(answer.body);
    } finally {
      agent.destroy();
    }
  };
  return {
    members: async (): Promise<readonly Member[]> =>
      ((await call('cluster/member/list', {})) as { members: readonly Member[] }).members,
    /** The version that runs there, as it says itself. */
    version: async (): Promise<string> => ((await call('maintenance/status', {})) as { version: string }).version,
    /** Raw bytes at a key. */
    read: async (key: string): Promise<Buffer> => {
      const answer = (await call('kv/range', { key: Buffer.from(key).toString('base64') })) as {
        kvs?: readonly { value: string }[];
      };
      return Buffer.from(answer.kvs?.[0]?.value ?? '', 'base64');
    },
  };
};

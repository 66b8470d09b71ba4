/** Reads from a replica's etcd, as a client that its authority knows. */
import 'reflect-metadata';
import { generateKeyPair, issueClientCertificate, privateKeyPem } from '../../activities/kubernetes/certificates.ts';
import { secureAgent, send } from '../../agent/http.ts';
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
      authority: cluster.authorities.etcd.certificate,
      identity: { certificate, key: await privateKeyPem(pair.privateKey) },
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
    /** Raw bytes at a key. */
    read: async (key: string): Promise<Buffer> => {
      const answer = (await call('kv/range', { key: Buffer.from(key).toString('base64') })) as {
        kvs?: readonly { value: string }[];
      };
      return Buffer.from(answer.kvs?.[0]?.value ?? '', 'base64');
    },
  };
};

/**
 * Scope: whose account, and which region, this worker's credentials reach.
 *
 * Owns: the guard in front of every step (I12): a worker that was pointed at another account or region makes no call on
 * behalf of an object that isn't there. Neighbours: `inventory.ts` states the scope of what it observed.
 */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { Owner } from '../../api/object.ts';
import { blockedError } from '../verdicts.ts';
import type { AwsClients } from './clients.ts';
import { given } from './tags.ts';

export type AwsScope = {
  readonly region: string;
  /** The account number; asked for once for each set of credentials, since those may be exchanged at any time. */
  readonly account: (signal: AbortSignal) => Promise<string>;
  /** Throws `blocked` unless owner and worker agree on account and region. */
  readonly guard: (owner: Owner, signal: AbortSignal) => Promise<void>;
};

export const createScope = ({ sts, region }: AwsClients): AwsScope => {
  let known: { readonly accessKeyId: string; readonly account: Promise<string> } | undefined;

  const ask = async (signal: AbortSignal): Promise<string> => {
    const answer = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal });
    return given(answer.Account, 'the account number');
  };

  const account = async (signal: AbortSignal): Promise<string> => {
    const { accessKeyId } = await sts.config.credentials();
    if (known?.accessKeyId !== accessKeyId) known = { accessKeyId, account: ask(signal) };
    const current = known;
    try {
      return await current.account;
    } catch (error) {
      // Only answers are kept.
      if (known === current) known = undefined;
      throw error;
    }
  };

  return {
    region,
    account,
    guard: async (owner, signal) => {
      if (owner.region !== region) {
        throw blockedError(
          `Cluster ${owner.clusterId} is in region ${owner.region}, and this worker serves ${region}: ` +
            `nothing was looked at or changed. Start a worker for ${owner.region}.`,
        );
      }
      const actual = await account(signal);
      if (owner.account !== actual) {
        throw blockedError(
          `Cluster ${owner.clusterId} is in AWS account ${owner.account}, and this worker's credentials are of account ` +
            `${actual}: nothing was looked at or changed. Give the worker credentials of account ${owner.account}.`,
        );
      }
    },
  };
};

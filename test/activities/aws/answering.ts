/**
 * Clients of an AWS that answers as a test says: for what no double of an account does by itself.
 *
 * Owns: answering by operation, and keeping what was asked. Neighbours: `account.ts` has a whole account.
 */
import { type AwsClients, createAwsClients } from '../../../activities/aws/clients.ts';

export type Asked = { readonly operation: string; readonly input: Readonly<Record<string, unknown>> };

/** What an operation answers: a document, or an error that is thrown. */
export type Answers = Readonly<Record<string, (input: Asked['input']) => object>>;

/** As AWS's SDK throws what a service refuses. */
export const refusal = (name: string, message: string, status = 400): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });

type Command = { readonly constructor: { readonly name: string }; readonly input: Asked['input'] };

/** Operations that are not named fail the test: nobody should have asked. */
export const answering = (answers: Answers): { readonly clients: AwsClients; readonly asked: Asked[] } => {
  const clients = createAwsClients({ region: 'eu-west-1' });
  const asked: Asked[] = [];
  const send = async ({ constructor, input }: Command): Promise<object> => {
    const operation = constructor.name.replace(/Command$/, '');
    const answer = answers[operation];
    if (answer === undefined) throw new Error(`nothing was expected to call ${operation}`);
    asked.push({ operation, input });
    const said = answer(input);
    if (said instanceof Error) throw said;
    return said;
  };
  const { ec2, autoScaling, autoScalingOnce, elbv2, elb, iam, kms, serviceQuotas, sts } = clients;
  for (const client of [ec2, autoScaling, autoScalingOnce, elbv2, elb, iam, kms, serviceQuotas, sts])
    Object.assign(client, { send });
  return { clients, asked };
};

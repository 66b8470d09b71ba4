/** Keys: what KMS asks of a call beside its model. */
import { has } from '../parameters.ts';
import { type Rule, when } from './rule.ts';

export const KEY_RULES: readonly Rule[] = [
  {
    name: 'kms.size',
    page: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html',
    service: 'kms',
    operations: ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'],
    faults: ({ parameters }) =>
      when(
        has(parameters, 'KeySpec') === has(parameters, 'NumberOfBytes'),
        'KeySpec',
        'either KeySpec or NumberOfBytes',
      ),
  },
  {
    name: 'kms.context',
    page: 'https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html',
    service: 'kms',
    faults: ({ parameters }) => {
      const { length } = JSON.stringify(parameters['EncryptionContext'] ?? {});
      return when(length > 8_192, 'EncryptionContext', `${length} characters of JSON: at most 8192`);
    },
  },
];

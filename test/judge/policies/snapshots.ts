/**
 * Snapshots: what AWS asks IAM for calls to S3, and for the key under which S3 encrypts in the caller's name.
 *
 * Owns: that all snapshots are alike, and all manifests. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
 */
import { textIn } from '../parameters.ts';
import type { Asking } from './asked.ts';
import { arn, type Question, question } from './question.ts';

const BUCKET = 'arn:PARTITION:s3:::BUCKET_NAME';

/** By what it ends in: `gke-0a1b2c3d/etcd/….db` is a snapshot. */
const objectOf = (key: string): readonly [string, string] => [
  'object',
  `${BUCKET}/${key.replace(/^gke-[0-9a-f]{8}/, 'gke-00000000').replace(/[^/]+(?=\.(db|json)$)/, 'any')}`,
];

const ENCRYPTING: Readonly<Record<string, readonly string[]>> = {
  PutObject: ['GenerateDataKey'],
  CreateMultipartUpload: ['GenerateDataKey'],
  UploadPart: ['Decrypt', 'GenerateDataKey'],
  CompleteMultipartUpload: ['Decrypt'],
};

const WRITING = Object.keys(ENCRYPTING);

export const snapshotQuestions = ({ request, role }: Asking): readonly Question[] => {
  const { operation, parameters } = request;
  const key = textIn(parameters, 'Key') ?? '';
  if (operation === 'ListObjectsV2') {
    const prefix = (textIn(parameters, 'Prefix') ?? '').replace(/^gke-[0-9a-f]{8}/, 'gke-00000000');
    return [question(role, 's3:ListBucket', ['bucket', BUCKET], { 's3:prefix': prefix })];
  }
  if (!WRITING.includes(operation)) return [question(role, `s3:${operation}`, objectOf(key), {})];
  // What is no snapshot is written under S3's own key.
  const encrypting = key.endsWith('.db') ? (ENCRYPTING[operation] ?? []) : [];
  return [
    question(role, 's3:PutObject', objectOf(key), {}),
    ...encrypting.map((one) =>
      question(role, `kms:${one}`, ['key', arn('kms', 'key/KMS_KEY_ID')], {
        'kms:ViaService': 's3.REGION.amazonaws.com',
        'kms:EncryptionContext:aws:s3:arn': BUCKET,
      }),
    ),
  ];
};

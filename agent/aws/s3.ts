/**
 * S3: the calls by which a replica keeps snapshots and reads them again, in plain data.
 *
 * Owns: the SDK's client and its upload in parts, loaded when they are first needed: most replicas never are. Neighbours: `backup.ts`
 * says what is kept. What is not sent to its end is no object: its parts are called off, and a bucket's own rule removes what an
 * agent that died left of them. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import type { AwsAccount } from './credentials.ts';

type S3Object = { readonly bucket: string; readonly key: string };

export type S3 = {
  /** Sends a stream of unknown length, encrypted under a KMS key; resolves with S3's mark of what it holds. */
  upload(
    object: S3Object,
    content: { readonly bytes: AsyncIterable<Uint8Array>; readonly kmsKeyArn: string },
    signal: AbortSignal,
  ): Promise<{ readonly etag: string }>;
  /** What an object holds, and how many bytes that are; fails where there is none. */
  download(
    object: S3Object,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly size: number }>;
  /** Writes a short text that is no secret. */
  put(object: S3Object, text: string): Promise<void>;
  /** Keys that begin so, and come after another; sorted. */
  keys(
    from: { readonly bucket: string; readonly prefix: string; readonly after: string },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /** Ends its connections. */
  close(): void;
};

/** S3 takes ten thousand parts, so that this is enough for 80 GiB: etcd's limit is a tenth of it. */
const PART_BYTES = 8 * 1024 * 1024;
/** In memory at once. */
const PARTS_AT_ONCE = 2;

export const createS3 = async (account: AwsAccount): Promise<S3> => {
  const [sdk, { Upload }, { Readable }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/lib-storage'),
    import('node:stream'),
  ]);
  const client = new sdk.S3Client({ ...account, requestHandler: { connectionTimeout: 3_000, requestTimeout: 60_000 } });
  return {
    upload: async ({ bucket, key }, { bytes, kmsKeyArn }, signal) => {
      const upload = new Upload({
        client,
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        leavePartsOnError: false,
        params: {
          Bucket: bucket,
          Key: key,
          Body: Readable.from(bytes, { objectMode: false }),
          ContentType: 'application/octet-stream',
          ServerSideEncryption: 'aws:kms',
          SSEKMSKeyId: kmsKeyArn,
          BucketKeyEnabled: true,
        },
      });
      const stop = (): void => void upload.abort();
      signal.addEventListener('abort', stop, { once: true });
      try {
        signal.throwIfAborted();
        const { ETag: etag } = await upload.done();
        if (etag === undefined) throw new Error(`S3 took ${key} without saying what it holds`);
        return { etag };
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    download: async ({ bucket: Bucket, key: Key }, abortSignal) => {
      const { Body, ContentLength: size } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }), {
        abortSignal,
      });
      if (Body === undefined || size === undefined) throw new Error(`S3 answers nothing for ${Key}`);
      // In Node.js it is a stream: https://github.com/aws/aws-sdk-js-v3#streams
      return { bytes: Body as unknown as AsyncIterable<Uint8Array>, size };
    },
    put: async ({ bucket, key }, text) => {
      const content = { Body: text, ContentType: 'application/json', ServerSideEncryption: 'AES256' as const };
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, ...content }));
    },
    keys: async ({ bucket: Bucket, prefix: Prefix, after: StartAfter }, abortSignal) => {
      const keys: string[] = [];
      const pages = sdk.paginateListObjectsV2({ client }, { Bucket, Prefix, StartAfter }, { abortSignal });
      for await (const { Contents = [] } of pages) keys.push(...Contents.flatMap(({ Key }) => Key ?? []));
      return keys;
    },
    close: () => client.destroy(),
  };
};

/** Asks a client that is made for it: a bucket is looked into every few hours. */
export const keysIn =
  (s3: () => Promise<S3>, signal: AbortSignal) =>
  async (bucket: string, prefix: string, after: string): Promise<readonly string[]> => {
    const store = await s3();
    try {
      return await store.keys({ bucket, prefix, after }, signal);
    } finally {
      store.close();
    }
  };

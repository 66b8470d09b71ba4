/**
 * Call: what one AWS request is, read from its headers and, for query protocols, its body.
 *
 * Owns: the names of service and operation, whether it changes anything, and where an error's code stands in an answer.
 * Neighbours: `server.ts` forwards and records; `faults.ts` matches faults against this.
 * Invariants: I8 (a record names the operation; no parameter, and so no user data, is ever kept).
 */

export type Call = {
  readonly service: string;
  readonly operation: string;
  readonly accessKey: string;
  readonly region: string;
  readonly mutating: boolean;
  /** The SDK's name for this call, the same however often it asks (`amz-sdk-invocation-id`); other clients may have none. */
  readonly invocation?: string;
};

/** One line of the record. `error` is AWS's code, or what the network did. */
export type RecordedCall = Call & {
  readonly seq: number;
  readonly time: string;
  readonly status: number;
  readonly ms: number;
  readonly error?: string;
  readonly fault?: string;
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const header = (headers: Headers, name: string): string => {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
};

const READING = /^(Describe|Get|List|Head|Lookup|Search|Check|BatchGet|Filter|Query|Scan|Test|Validate)/;
/** They change nothing, although their names don't say so. */
const READING_TOO = new Set([
  'Encrypt',
  'Decrypt',
  'ReEncrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateRandom',
  'Sign',
  'Verify',
  'AssumeRole',
  'AssumeRoleWithWebIdentity',
  'ReceiveMessage',
]);

const NAMES: Readonly<Record<string, string>> = { elasticloadbalancing: 'elb', monitoring: 'cloudwatch' };

/** `<access key>/<date>/<region>/<service>/aws4_request`: in the header, or in the query of a call that was signed beforehand. */
const scopeOf = (headers: Headers, path: string) => {
  const query = new URLSearchParams(path.split('?').slice(1).join('?'));
  const credential = header(headers, 'authorization') || `Credential=${query.get('X-Amz-Credential') ?? ''}`;
  const found = /Credential=([^/,\s]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(credential);
  return { accessKey: found?.[1] ?? '', region: found?.[2] ?? '', service: found?.[3] ?? '' };
};

export const accessKeyOf = (headers: Headers, path: string): string => scopeOf(headers, path).accessKey;

/** Both generations of load balancing sign as one service; their API versions tell them apart. */
const serviceOf = (signedAs: string, parameters: URLSearchParams | undefined): string => {
  const name = NAMES[signedAs] ?? signedAs;
  return name === 'elb' && parameters?.get('Version') === '2015-12-01' ? 'elbv2' : name;
};

/** A query request has its parameters in its body, or behind its path. */
const parametersOf = (path: string, body: string | undefined): URLSearchParams =>
  new URLSearchParams(body === undefined || body === '' ? path.split('?').slice(1).join('?') : body);

/**
 * What S3 is asked for: most operations say so in `x-id`, the others are known by method and query. Undefined for what Slipway never asks.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
const s3Operation = (method: string, path: string): string | undefined => {
  const query = new URLSearchParams(path.split('?').slice(1).join('?'));
  const said = query.get('x-id');
  if (said !== null) return said;
  const has = (name: string): boolean => query.has(name);
  const known: readonly (readonly [string, boolean])[] = [
    ['ListObjectsV2', method === 'GET' && query.get('list-type') === '2'],
    ['CreateMultipartUpload', method === 'POST' && has('uploads')],
    ['CompleteMultipartUpload', method === 'POST' && has('uploadId')],
    ['AbortMultipartUpload', method === 'DELETE' && has('uploadId')],
    ['DeleteObjects', method === 'POST' && has('delete')],
  ];
  return known.find(([, holds]) => holds)?.[0];
};

/** What a request says that it asks for: JSON in a header, a query in its parameters. */
const namedBy = (target: string, parameters: URLSearchParams | undefined): string | undefined =>
  target === '' ? (parameters?.get('Action') ?? undefined) : target.slice(target.lastIndexOf('.') + 1);

export const callOf = (method: string, path: string, headers: Headers, body: string | undefined): Call => {
  const { accessKey, region, service: signedAs } = scopeOf(headers, path);
  const target = header(headers, 'x-amz-target');
  const parameters = target === '' ? parametersOf(path, body) : undefined;
  const named = signedAs === 's3' ? s3Operation(method, path) : namedBy(target, parameters);
  const operation = named ?? `${method} ${path.split('?')[0] ?? path}`;
  const invocation = header(headers, 'amz-sdk-invocation-id');
  const reading = named === undefined ? method === 'GET' || method === 'HEAD' : READING.test(named);
  return {
    service: serviceOf(signedAs, parameters),
    operation,
    accessKey,
    region,
    mutating: !reading && !READING_TOO.has(operation),
    ...(invocation === '' ? {} : { invocation }),
  };
};

/** Without what an SDK asked again, because no answer came in time: that is still one call. */
export const askedOnce = (calls: readonly RecordedCall[]): readonly RecordedCall[] => {
  const asked = new Set<string>();
  return calls.filter(({ invocation }) => {
    if (invocation === undefined) return true;
    if (asked.has(invocation)) return false;
    asked.add(invocation);
    return true;
  });
};

/** The error code in an answer of any of AWS's protocols. */
export const errorCodeOf = (body: string): string | undefined => {
  const xml = /<Code>([^<]+)<\/Code>/.exec(body)?.[1];
  if (xml !== undefined) return xml;
  const json = /"__type"\s*:\s*"([^"]+)"/.exec(body)?.[1];
  return json?.slice(json.lastIndexOf('#') + 1);
};

/** An error answer as the called service itself would write it, so that SDKs read the code. */
export const errorAnswer = (call: Call, contentType: string, code: string, message: string) => {
  if (contentType.includes('json')) {
    return { contentType, body: JSON.stringify({ __type: code, message }) };
  }
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  const body =
    call.service === 'ec2'
      ? `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>sandbox</RequestID></Response>`
      : call.service === 's3'
        ? `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
        : `<?xml version="1.0" encoding="UTF-8"?><ErrorResponse>${error}<RequestId>sandbox</RequestId></ErrorResponse>`;
  return { contentType: 'text/xml', body };
};

/**
 * Finding: what is wrong with a call, as a value, and as a sentence.
 *
 * Owns: that form. Neighbours: `shapes.ts` and `rules/` find, `judge.ts` gathers.
 */

/** AWS refuses the call, or does something else than it asks for. */
export type Finding = {
  /** Which rule: `model.pattern`, `ec2.volume`. */
  readonly rule: string;
  /** The parameter, `IpPermissions[].IpProtocol`; empty for the call as a whole. */
  readonly where: string;
  /** What is wrong with it, with the value. */
  readonly what: string;
  /** The value alone, by which a difference of the sandbox is known. */
  readonly value: string;
  /** The page of AWS that says so. */
  readonly page: string;
};

/** What a rule says of one parameter. */
export type Fault = Pick<Finding, 'where' | 'what'> & { readonly value?: unknown };

const written = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** How long a text is as AWS counts: whole characters, however many units they have here. */
export const lengthOf = (text: string): number => Array.from(text).length;

/** Long values, such as user data, are shown by their beginning. */
export const short = (value: unknown): string => {
  const text = written(value);
  return text.length <= 70 ? text : `${text.slice(0, 67)}...`;
};

export const finding = (rule: string, page: string, { where, what, value = '' }: Fault): Finding => ({
  ...{ rule, where, what, value: written(value), page },
});

const API_PAGES: Readonly<Record<string, string>> = {
  autoscaling: 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_',
  ec2: 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_',
  elb: 'https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_',
  elbv2: 'https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_',
  iam: 'https://docs.aws.amazon.com/IAM/latest/APIReference/API_',
  kms: 'https://docs.aws.amazon.com/kms/latest/APIReference/API_',
  s3: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_',
  servicequotas: 'https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_',
  ssm: 'https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_',
  sts: 'https://docs.aws.amazon.com/STS/latest/APIReference/API_',
};

/** The page of an operation in its service's API reference. */
export const pageOf = (service: string, operation: string): string => {
  const pages = API_PAGES[service];
  if (pages === undefined)
    throw new Error(`Where is the API reference of ${service}? Say so in test/judge/finding.ts.`);
  return `${pages}${operation}.html`;
};

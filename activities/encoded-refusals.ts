/**
 * Encoded refusals: what EC2 adds to "not authorized", and only AWS can read.
 *
 * Owns: shortening it to what a person can act on. The text is a thousand characters and more, would push everything else out of
 * a condition, and is kept whole by CloudTrail. Neighbours: `verdicts.ts` judges what a call answered, `aws/launches.ts` reads what
 * scaling activities say. Pure.
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */

const ENCODED = /\.?\s*Encoded authorization failure message:\s*[\w+/=-]+/gi;

const WHERE =
  ". Which statement refused it is in the encoded message of this call's event in CloudTrail: " +
  '`aws sts decode-authorization-message` reads it for whoever may sts:DecodeAuthorizationMessage';

/** What AWS said, with the encoded part replaced by where to find it. */
export const withoutEncoded = (said: string): string => said.replace(ENCODED, WHERE);

/**
 * Review: the API server's protocol, AdmissionReview v1, around a judgement.
 *
 * Owns: what is read of a request and what an answer looks like. A refusal is a Status as the API server's own, with a
 * cause for each field, so that kubectl prints it like those of a CRD. Neighbours: `judge.ts` judges; `server.ts` listens.
 */
import { z } from 'zod';
import { API_GROUP } from '../../api/names.ts';
import { shortened } from '../../words/text.ts';
import type { Asked, Judge } from './judge.ts';
import { type Judgement, wordsOf } from './judgement.ts';

const KINDS = ['AWSCluster', 'AWSNodePool'] as const;

const review = z.looseObject({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.looseObject({
    uid: z.string(),
    kind: z.looseObject({ group: z.string(), kind: z.string() }),
    subResource: z.string().default(''),
    operation: z.string(),
    namespace: z.string().default(''),
    name: z.string().default(''),
    dryRun: z.boolean().default(false),
    userInfo: z.looseObject({ username: z.string().default('') }).prefault({}),
    object: z.unknown(),
    oldObject: z.unknown(),
  }),
});

type Request = z.output<typeof review>['request'];

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE'] as const;

/** What is to be judged; undefined for what is none of our business. */
const askedOf = (request: Request): Asked | undefined => {
  const kind = KINDS.find((one) => one === request.kind.kind);
  const operation = OPERATIONS.find((one) => one === request.operation);
  if (kind === undefined || operation === undefined) return undefined;
  if (request.kind.group !== API_GROUP || request.subResource !== '') return undefined;
  const { namespace, name, userInfo, object, oldObject, dryRun } = request;
  return { kind, operation, namespace, name, username: userInfo.username, object, oldObject, dryRun };
};

/** The API server drops what is longer; kubectl shows each on a line. */
const WARNING_LENGTH = 256;
const WARNINGS = 16;
const short = (text: string): string => shortened(text, WARNING_LENGTH);

type Status = {
  readonly apiVersion: 'v1';
  readonly kind: 'Status';
  readonly status: 'Failure';
  readonly code: number;
  readonly reason: 'Invalid' | 'Forbidden';
  readonly message: string;
  readonly details?: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
  };
};

const statusOf = (asked: Asked, { refusals }: Judgement): Status => {
  const all = refusals.map((refusal) => `${refusal.field}: ${wordsOf(refusal)}`);
  const common = { apiVersion: 'v1', kind: 'Status', status: 'Failure', message: all.join('; ') } as const;
  if (asked.operation === 'DELETE') return { ...common, code: 403, reason: 'Forbidden' };
  return {
    ...common,
    code: 422,
    reason: 'Invalid',
    details: {
      group: API_GROUP,
      kind: asked.kind,
      name: asked.name,
      causes: refusals.map((refusal) => ({
        reason: 'FieldValueInvalid',
        field: refusal.field,
        message: wordsOf(refusal),
      })),
    },
  };
};

type Answer = {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly warnings?: readonly string[];
    readonly status?: Status;
  };
};

/** What was asked, for the log, and the answer. */
export type Reviewed = { readonly asked: Asked | undefined; readonly answer: Answer };

/** It is no AdmissionReview of a version that we speak. */
export class NotAReview extends Error {}

const bodyOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NotAReview('the body is not JSON', { cause: error });
  }
};

/** Answers one request. Throws `NotAReview`, or what kept it from being judged: then the API server decides. */
export const answerReview = async (text: string, judge: Judge): Promise<Reviewed> => {
  const parsed = review.safeParse(bodyOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new NotAReview(`the body is no AdmissionReview of admission.k8s.io/v1: ${issue?.path.join('.')} is wrong`);
  }
  const { request } = parsed.data;
  const asked = askedOf(request);
  const judgement = asked === undefined ? undefined : await judge(asked);
  const warnings = (judgement?.warnings ?? []).map(short).slice(0, WARNINGS);
  return {
    asked,
    answer: {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: {
        uid: request.uid,
        allowed: (judgement?.refusals ?? []).length === 0,
        ...(warnings.length === 0 ? {} : { warnings }),
        ...(asked === undefined || judgement === undefined || judgement.refusals.length === 0
          ? {}
          : { status: statusOf(asked, judgement) }),
      },
    },
  };
};

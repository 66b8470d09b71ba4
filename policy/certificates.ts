/**
 * Certificates: which of a cluster's are near their end although somebody should have seen to it, and what status says of them.
 *
 * Owns: how near is near, and the condition `CertificatesExpiring`, which is there only while it has something to say and never makes a plan.
 * Neighbours: `machine/certificates.ts` has the lives of leaf certificates; `activities/certificate-sweep.ts` sees them, `insights.ts` tells of
 * authorities before an upgrade. Pure. Invariants: I8 (of a certificate only its dates), I12 (what nobody saw stays as it was said).
 */
import { overdueTime } from '../machine/certificates.ts';
import { ended } from '../words/text.ts';
import { type Claim, conditionOf, cut } from './conditions.ts';
import type { StoredObject, Subject } from './views.ts';

export const CERTIFICATES_EXPIRING = 'CertificatesExpiring';

/** `authority`: signs others, and nobody renews it. `api-server`: what a replica shows, renewed by its agent together with all its others. */
type CertificateKind = 'authority' | 'api-server';

export type SeenCertificate = {
  readonly kind: CertificateKind;
  /** As a person would look for it: `Secret default/gke-1a2b3c4d-root-ca`. */
  readonly object: string;
  /** Epoch milliseconds, as are all. */
  readonly notBefore: number;
  readonly notAfter: number;
};

export type Ending = {
  readonly reason: 'AuthorityExpiring' | 'NotRenewed' | 'Expired';
  readonly object: string;
  /** Not even a week is left. */
  readonly atOnce: boolean;
  /** A sentence without a full stop that follows the object. */
  readonly message: string;
  /** What to do, without a full stop. */
  readonly cure: string;
};

/** What a sweep saw: nothing where all live long enough; plain JSON (I10). */
export type CertificatesSeen = { readonly endings: readonly Ending[] };

const DAY_MS = 24 * 3_600_000;
const AT_ONCE_DAYS = 7;
/** To make another cluster and to move what runs takes weeks. */
export const AUTHORITY_SOON_DAYS = 90;

const AUTHORITY_CURE = 'make another cluster and move the workloads before: Slipway does not renew an authority';
const LEAF_CURE =
  "read in the log of that replica's agent why it renews no certificates, and end its machine: the one that takes its place issues all of them anew";

type Dates = Pick<SeenCertificate, 'object' | 'notAfter'>;

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

const endingOf = (
  { object, notAfter }: Dates,
  now: number,
  why: Pick<Ending, 'reason' | 'cure'> & { readonly so: string },
): Ending => {
  const isOver = notAfter <= now;
  return {
    reason: isOver ? 'Expired' : why.reason,
    object,
    atOnce: notAfter - now < AT_ONCE_DAYS * DAY_MS,
    // By the day, so that it is said once and not anew by every sweep.
    message: isOver ? `expired on ${dayOf(notAfter)}` : `expires on ${dayOf(notAfter)}, and ${why.so}`,
    cure: why.cure,
  };
};

/** Undefined where it lives long enough. */
export const authorityEnding = (authority: Dates, now: number): Ending | undefined =>
  authority.notAfter - now >= AUTHORITY_SOON_DAYS * DAY_MS
    ? undefined
    : endingOf(authority, now, {
        reason: 'AuthorityExpiring',
        so: 'nothing that it signed outlives it',
        cure: AUTHORITY_CURE,
      });

const leafEnding = (leaf: SeenCertificate, now: number): Ending | undefined =>
  now < overdueTime(leaf)
    ? undefined
    : endingOf(leaf, now, {
        reason: 'NotRenewed',
        so: 'its agent, which renews it together with all others of its replica, should have by now',
        cure: LEAF_CURE,
      });

/** What to tell of these. A leaf that its authority cuts short is the authority's matter. */
export const certificatesSeen = (certificates: readonly SeenCertificate[], now: number): CertificatesSeen => {
  const authorities = certificates.filter(({ kind }) => kind === 'authority');
  const ends = Math.min(...authorities.map(({ notAfter }) => notAfter));
  const leaves = certificates.filter(({ kind, notAfter }) => kind !== 'authority' && notAfter < ends);
  const endings = [
    ...authorities.map((one) => authorityEnding(one, now)),
    ...leaves.map((one) => leafEnding(one, now)),
  ].flatMap((one) => one ?? []);
  return { endings: endings.toSorted((a, b) => (a.object < b.object ? -1 : 1)) };
};

/** What is worst says why. */
const WORST: readonly Ending['reason'][] = ['Expired', 'NotRenewed', 'AuthorityExpiring'];

const claimOf = (endings: readonly Ending[]): Claim | undefined => {
  const reason = WORST.find((one) => endings.some((ending) => ending.reason === one));
  if (reason === undefined) return undefined;
  const cures = [...new Set(endings.map(({ cure }) => cure))];
  const cure = `To cure it: ${ended(cures.join('; '))}`;
  const says = endings.map(({ object, message }) => `${object} ${message}`).join('; ');
  return { status: 'True', reason, message: `${ended(cut(says, cure.length + 2))} ${cure}` };
};

/** Said until a sweep has seen that it is so no more. */
export const certificatesExpiring = (subject: Subject, object: StoredObject): Claim | undefined => {
  if (object.kind !== 'AWSCluster') return undefined;
  return subject.kind === 'settled' && subject.certificates !== undefined
    ? claimOf(subject.certificates.endings)
    : conditionOf(object, CERTIFICATES_EXPIRING);
};

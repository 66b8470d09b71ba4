/**
 * Certificate sweep: the certificates of one cluster, as a sweep has them in hand anyway.
 *
 * Owns: which there are: authorities from the Secrets that every sweep lists, and what API servers showed. Not one request is made for it.
 * Neighbours: `policy/certificates.ts` says which are near their end, `kubernetes/served-certificates.ts` remembers what was shown,
 * `sweep.ts` concludes. Invariant: I8 (of a certificate only dates leave).
 */
import { X509Certificate } from 'node:crypto';
import type { Found } from '../kinds/resource.ts';
import { type CertificatesSeen, certificatesSeen, type SeenCertificate } from '../policy/certificates.ts';
import { ETCD_CA, FRONT_PROXY_CA, ROOT_CA } from '../words/keys.ts';
import type { ServedCertificates } from './kubernetes/served-certificates.ts';

export type SweptCertificates = {
  readonly namespace: string;
  readonly clusterId: string;
  readonly found: readonly Found[];
};

export type SweepCertificates = (swept: SweptCertificates) => CertificatesSeen;

type Settings = {
  readonly served: Pick<ServedCertificates, 'of'>;
  /** Is told of all that were seen of a cluster. */
  readonly onSeen: (clusterId: string, certificates: readonly SeenCertificate[]) => void;
  readonly now?: () => number;
};

const AUTHORITIES: readonly string[] = [ETCD_CA, FRONT_PROXY_CA, ROOT_CA];

const authoritiesIn = ({ namespace, found }: SweptCertificates): readonly SeenCertificate[] =>
  found.flatMap(({ key, outputs: { name, certificate } }): SeenCertificate[] => {
    if (!AUTHORITIES.includes(key) || certificate === undefined) return [];
    const { validFrom, validTo } = new X509Certificate(certificate);
    const object = `Secret ${namespace}/${name ?? key}`;
    return [{ kind: 'authority', object, notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) }];
  });

export const createCertificateSweep =
  ({ served, onSeen, now = Date.now }: Settings): SweepCertificates =>
  (swept) => {
    const certificates = [...authoritiesIn(swept), ...served.of(swept.clusterId)];
    onSeen(swept.clusterId, certificates);
    return certificatesSeen(certificates, now());
  };

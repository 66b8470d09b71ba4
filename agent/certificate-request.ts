/**
 * Certificate request: reads the PKCS #10 document of a signing request, so that nobody can read it otherwise.
 *
 * Owns: the strict form. What this reads is judged, but Kubernetes' signer reads the document anew, with a parser of its
 * own: a second PEM block, a second list of extensions or a second value in one part of the subject could be looked over
 * by one of the two. A node needs none of these, so a request that has any is refused.
 * Neighbours: `machine/approval.ts` judges what was read; `node-approver.ts` writes the verdict.
 */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { NodeCertificateRequest } from '../machine/approval.ts';

/** One block in lines of base64, as kubelets and our own agents write it, and nothing before, between or after. */
const BLOCK =
  /^-----BEGIN CERTIFICATE REQUEST-----\n((?:[A-Za-z0-9+/]{1,76}\n)*[A-Za-z0-9+/]{1,76}={0,2})\n-----END CERTIFICATE REQUEST-----\n?$/;
/** Kubelets' are a few hundred bytes. */
const LONGEST = 8_192;

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

/** How many bytes a DER value says it has, its head included; of one so short that two bytes tell. */
const saidLength = (der: Buffer): number => {
  const first = der[1] ?? 0;
  if (first < 0x80) return 2 + first;
  return first === 0x81 ? 3 + (der[2] ?? 0) : first === 0x82 ? 4 + der.readUInt16BE(2) : Number.NaN;
};

const documentOf = (base64: string): Buffer => {
  if (base64.length > LONGEST) throw new Error(`it is longer than ${LONGEST} characters`);
  const body = BLOCK.exec(Buffer.from(base64, 'base64').toString('latin1'))?.[1]?.replaceAll('\n', '');
  const document = Buffer.from(body ?? '', 'base64');
  if (body === undefined || document.toString('base64') !== body) {
    throw new Error('it is not one PEM block of a certificate request');
  }
  if (document.length < 4 || saidLength(document) !== document.length) {
    throw new Error('its document is longer or shorter than it says');
  }
  return document;
};

/** The names that are asked for. */
const alternativeNames = (request: x509.Pkcs10CertificateRequest): readonly x509.GeneralName[] => {
  const [attribute, ...more] = request.attributes;
  if (attribute === undefined) return [];
  if (more.length > 0 || attribute.type !== EXTENSION_REQUEST || attribute.values.length !== 1) {
    throw new Error('it has attributes that a node has no use for');
  }
  const [extension, ...others] = request.extensions;
  if (others.length > 0 || !(extension instanceof x509.SubjectAlternativeNameExtension)) {
    throw new Error('it asks for extensions that a node has no use for');
  }
  return extension.names.items;
};

/** The subject: one organization and one common name, each in a part of its own. */
const subjectOf = (request: x509.Pkcs10CertificateRequest) => {
  const parts = request.subjectName.toJSON();
  const fields = parts.map((part) => Object.entries(part));
  const single = fields.every((part) => part.length === 1 && part[0]?.[1].length === 1);
  const names = fields.map((part) => part[0]?.[0] ?? '').sort();
  if (!single || names.join() !== 'CN,O') throw new Error('its subject is not one organization and one common name');
  const valueOf = (name: string): string => parts.flatMap((part) => part[name] ?? [])[0] ?? '';
  return { commonName: valueOf('CN'), organizations: [valueOf('O')] };
};

/** Reads a request as the API server has it; its own signature proves that the requestor holds the key. */
export const readRequest = async (spec: {
  readonly request: string;
  readonly signerName: string;
  readonly username?: string;
  readonly groups?: readonly string[];
  readonly usages?: readonly string[];
}): Promise<NodeCertificateRequest> => {
  const parsed = new x509.Pkcs10CertificateRequest(documentOf(spec.request));
  if (!(await parsed.verify())) throw new Error('its signature does not match its key');
  const names = alternativeNames(parsed);
  return {
    signer: spec.signerName,
    username: spec.username ?? '',
    groups: spec.groups ?? [],
    usages: spec.usages ?? [],
    ...subjectOf(parsed),
    dnsNames: names.filter((name) => name.type === 'dns').map((name) => name.value),
    addresses: names.filter((name) => name.type === 'ip').map((name) => name.value),
    otherNames: names.filter((name) => name.type !== 'dns' && name.type !== 'ip').length,
  };
};

/**
 * Certificate: what the webhook's server proves itself with, also after it was renewed.
 *
 * Owns: reading certificate and key, and looking for newer ones. A pair that doesn't fit, because only one of the files has
 * been replaced yet, is left for the next look; the old one serves meanwhile. Neighbours: `server.ts` serves with it.
 */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ended } from '../../words/text.ts';
import { UserError } from '../user-error.ts';

export type CertificateFiles = {
  readonly certificate: string;
  readonly key: string;
  /** Where clients must prove themselves, too: the authority that signs the API server's client certificate. */
  readonly clientAuthority?: string;
};

export type Certificate = { readonly cert: Buffer; readonly key: Buffer; readonly ca?: Buffer };

const pathsOf = ({ certificate, key, clientAuthority }: CertificateFiles): string[] =>
  [certificate, key, clientAuthority].filter((path) => path !== undefined);

const readPair = (files: CertificateFiles): Certificate => {
  const pair = {
    cert: readFileSync(files.certificate),
    key: readFileSync(files.key),
    ...(files.clientAuthority === undefined ? {} : { ca: readFileSync(files.clientAuthority) }),
  };
  // Throws where key and certificate don't belong together.
  createSecureContext(pair);
  return pair;
};

export const readCertificate = (files: CertificateFiles): Certificate => {
  try {
    return readPair(files);
  } catch (error) {
    throw new UserError(
      `The webhook's certificate can't be used (${pathsOf(files).join(', ')}): ${ended((error as Error).message)} ` +
        'SLIPWAY_ADMISSION_CERTIFICATE and SLIPWAY_ADMISSION_KEY name PEM files that belong together.',
      { cause: error },
    );
  }
};

/** By looking every so often: mounted Secrets change by symbolic links, which events of the file system don't follow. */
export const followCertificate = (
  files: CertificateFiles,
  intervalMs: number,
  told: { readonly renewed: (certificate: Certificate) => void; readonly unusable: (error: unknown) => void },
): { readonly stop: () => void } => {
  const look = (): void => {
    try {
      told.renewed(readPair(files));
    } catch (error) {
      told.unusable(error);
    }
  };
  for (const path of pathsOf(files)) watchFile(path, { interval: intervalMs, persistent: false }, look);
  return {
    stop: () => {
      for (const path of pathsOf(files)) unwatchFile(path, look);
    },
  };
};

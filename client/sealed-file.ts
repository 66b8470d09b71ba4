/**
 * Sealed file: a text that only who knows a passphrase can read, and nobody can change unnoticed.
 *
 * Owns: the form of the file: scrypt (RFC 7914) makes a key of the passphrase, AES-256-GCM (NIST SP 800-38D) seals the text with what is told
 * in the clear. Neighbours: `cli/secrets.ts` says what is in it. Invariant: I8 (nothing but the sealed text ever leaves this file).
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { z } from 'zod';
import { UserError } from './user-error.ts';

/** 128 MiB and some tenths of a second a try: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt */
const COST = 2 ** 17;
const [BLOCK, PARALLEL, KEY_BYTES, SALT_BYTES, NONCE_BYTES] = [8, 1, 32, 16, 12];
/** Of a file that somebody else wrote: more would only take memory. */
const MOST_COST = 2 ** 20;
const SHORTEST_PASSPHRASE = 12;

const sealed = z.object({
  about: z.record(z.string(), z.string()),
  scrypt: z.object({ cost: z.int().min(2).max(MOST_COST), salt: z.base64() }),
  nonce: z.base64(),
  tag: z.base64(),
  text: z.base64(),
});

const keyOf = (passphrase: string, salt: Buffer, cost: number): Buffer =>
  scryptSync(passphrase.normalize('NFKC'), salt, KEY_BYTES, {
    ...{ N: cost, r: BLOCK, p: PARALLEL },
    // What it takes, and some more.
    maxmem: 128 * BLOCK * (cost + 1_024),
  });

const told = (about: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(about).sort(([a], [b]) => (a < b ? -1 : 1))));

/** `about` stays readable, and can't be changed either. */
export const seal = (
  text: string,
  about: Readonly<Record<string, string>>,
  passphrase: string,
  cost: number = COST,
): string => {
  if (passphrase.length < SHORTEST_PASSPHRASE) {
    throw new UserError(
      `The passphrase is shorter than ${SHORTEST_PASSPHRASE} characters: who has the file could find it.`,
    );
  }
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
  const cipher = createCipheriv('aes-256-gcm', keyOf(passphrase, salt, cost), nonce);
  cipher.setAAD(told(about));
  const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const file: z.output<typeof sealed> = {
    about,
    scrypt: { cost, salt: salt.toString('base64') },
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    text: hidden.toString('base64'),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
};

const parsed = (file: string): z.output<typeof sealed> => {
  try {
    return sealed.parse(JSON.parse(file));
  } catch (error) {
    throw new UserError('It is no file that slipway clusters export-secrets wrote, or not all of it.', {
      cause: error,
    });
  }
};

/** The text, and what is told of it. Throws where the passphrase is another one, or anything was changed. */
export const unseal = (
  file: string,
  passphrase: string,
): { readonly text: string; readonly about: Readonly<Record<string, string>> } => {
  const { about, scrypt, nonce, tag, text } = parsed(file);
  const bytes = (encoded: string): Buffer => Buffer.from(encoded, 'base64');
  try {
    const key = keyOf(passphrase, bytes(scrypt.salt), scrypt.cost);
    const decipher = createDecipheriv('aes-256-gcm', key, bytes(nonce), { authTagLength: 16 });
    decipher.setAAD(told(about));
    decipher.setAuthTag(bytes(tag));
    return { about, text: Buffer.concat([decipher.update(bytes(text)), decipher.final()]).toString('utf8') };
  } catch (error) {
    throw new UserError('The passphrase is another one, or somebody changed the file.', { cause: error });
  }
};

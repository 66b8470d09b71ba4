/**
 * Needles: finds known texts in any amount of text, also where they are encoded, escaped or inside something encoded.
 *
 * Owns: the forms that a secret can take, and the search. Pure. Neighbours: `secrets.ts` knows where secrets lie and
 * where none may be.
 */
import { createPrivateKey } from 'node:crypto';

/** Something that must not be found; `name` says what it is without showing it. */
export type Needle = {
  readonly name: string;
  readonly text: string;
  /** The text is bytes, one a character: no text that could be escaped. */
  readonly bytes?: boolean;
};
/** Somewhere to look. */
export type Haystack = { readonly where: string; readonly text: string };
type Finding = { readonly name: string; readonly form: string; readonly where: string };

/** Long enough to be no accident: 96 bits of base64. */
const WINDOW = 16;
/** Encoded things inside encoded things, such as a JSON document in a payload of a history. */
const DEPTH = 3;
const BASE64 = /[A-Za-z0-9+/_-]{40,}={0,2}/g;
const HEX = /(?:[0-9a-f]{2}){20,}|(?:[0-9A-F]{2}){20,}/g;

type Form = { readonly name: string; readonly form: string; readonly text: string };

/** Base64 of bytes wherever they begin within a larger text: what is the same in each of the three alignments. */
const base64Forms = (bytes: Buffer): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The first and last characters carry bits of neighbours.
    const inner = encoded.slice(before === 0 ? 0 : before + 1, bytes.length % 3 === 0 && before === 0 ? undefined : -2);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });

const formsOfBytes = (what: string, bytes: Buffer): readonly (readonly [string, string])[] => [
  ...base64Forms(bytes).map((text) => [`${what} in base64`, text] as const),
  [`${what} in hex`, bytes.toString('hex')],
  [`${what} in hex`, bytes.toString('hex').toUpperCase()],
];

/** The secret number itself of a private key: 32 bytes that are the key, however its document is written. */
const scalarOf = (pem: string): Buffer => {
  const { d } = createPrivateKey(pem).export({ format: 'jwk' });
  if (d === undefined) throw new Error('A private key without a private part');
  return Buffer.from(d, 'base64url');
};

const formsOfText = (text: string): readonly (readonly [string, string])[] => [
  ['as it is', text],
  ['escaped as in JSON', JSON.stringify(text).slice(1, -1)],
  ['escaped twice', JSON.stringify(JSON.stringify(text)).slice(3, -3)],
  ['escaped as in a URL', encodeURIComponent(text)],
  ...formsOfBytes('its text', Buffer.from(text)),
];

const formsOf = ({ name, text, bytes = false }: Needle): readonly Form[] => {
  const forms = bytes
    ? [['as it is', text] as const, ...formsOfBytes('the bytes', Buffer.from(text, 'latin1'))]
    : text.includes('PRIVATE KEY-----')
      ? [
          ...formsOfBytes('the number', scalarOf(text)),
          // Lines of a document about it; the last carries the public half only.
          ...text
            .split('\n')
            .filter((line) => line.length === 64)
            .flatMap((line) => [
              ['a line of its PEM', line] as const,
              ['a line of its PEM, escaped as in a URL', encodeURIComponent(line)] as const,
            ]),
          ...formsOfBytes('its PEM', Buffer.from(text)),
        ]
      : formsOfText(text);
  return forms.filter(([, form]) => form.length >= WINDOW).map(([form, value]) => ({ name, form, text: value }));
};

const printable = (bytes: Buffer): string => bytes.toString('latin1');

/** A text, and every text that is encoded in it. */
const views = function* (text: string, depth = 0): Generator<string> {
  yield text;
  if (depth === DEPTH) return;
  for (const [found] of text.matchAll(BASE64)) {
    const bytes = Buffer.from(found, found.includes('-') || found.includes('_') ? 'base64url' : 'base64');
    yield* views(printable(bytes), depth + 1);
  }
  if (depth > 0) return;
  for (const [found] of text.matchAll(HEX)) yield* views(printable(Buffer.from(found, 'hex')), DEPTH);
};

export type Search = (haystack: Haystack) => readonly Finding[];

/** A search for all of them at once: its time depends on the haystack's size only. */
export const searchFor = (needles: readonly Needle[]): Search => {
  const short = needles.filter(({ text }) => text.length < WINDOW);
  if (short.length > 0) throw new Error(`Too short to be searched for: ${short.map(({ name }) => name).join(', ')}`);
  const byStart = new Map<string, Form[]>();
  for (const form of needles.flatMap(formsOf)) {
    const start = form.text.slice(0, WINDOW);
    byStart.set(start, [...(byStart.get(start) ?? []), form]);
  }
  return ({ where, text }) => {
    const findings = new Map<string, Finding>();
    for (const view of views(text)) {
      for (let at = 0; at + WINDOW <= view.length; at += 1) {
        for (const form of byStart.get(view.slice(at, at + WINDOW)) ?? []) {
          if (!view.startsWith(form.text, at)) continue;
          const finding = { name: form.name, form: form.form, where };
          findings.set(JSON.stringify(finding), finding);
        }
      }
    }
    return [...findings.values()];
  };
};

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { searchFor } from './needles.ts';

const pem = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const key = { name: 'key', text: pem.privateKey };
const token = { name: 'token', text: `abcdef.${randomBytes(8).toString('hex')}` };
const search = searchFor([key, token]);

const namesIn = (text: string): readonly string[] => [
  ...new Set(search({ where: 'here', text }).map(({ name }) => name)),
];

const payload = (value: unknown): string =>
  JSON.stringify({ payloads: [{ data: Buffer.from(JSON.stringify(value)).toString('base64') }] });

describe('the search for secrets', () => {
  test.each([
    ['as it is', (text: string) => `before ${text} after`],
    ['in JSON', (text: string) => JSON.stringify({ a: { text } })],
    ['in JSON within JSON', (text: string) => JSON.stringify({ a: JSON.stringify({ text }) })],
    ['in base64', (text: string) => Buffer.from(text).toString('base64')],
    ['in base64 behind one byte', (text: string) => Buffer.from(`-${text}`).toString('base64')],
    ['in base64 behind two bytes', (text: string) => Buffer.from(`--${text}`).toString('base64')],
    ['in base64 for URLs', (text: string) => Buffer.from(text).toString('base64url')],
    ['in a payload of a history', (text: string) => payload({ some: 'thing', text })],
    ['in base64 in a payload', (text: string) => payload({ text: Buffer.from(text).toString('base64') })],
    ['in hex', (text: string) => Buffer.from(text).toString('hex')],
    ['in a URL', (text: string) => `GET /?q=${encodeURIComponent(text)}`],
  ])('finds a key and a token %s', (_form, hide) => {
    expect(namesIn(hide(key.text))).toEqual(['key']);
    expect(namesIn(hide(token.text))).toEqual(['token']);
  });

  test.each([
    ['without its lines', key.text.replaceAll(/-----[^-]+-----|\n/g, '')],
    ['with other line breaks', key.text.replaceAll('\n', '\r\n')],
    ['one line of it', key.text.split('\n')[1] ?? ''],
  ])('finds a key %s', (_form, text) => {
    expect(namesIn(text)).toEqual(['key']);
  });

  test('does not take the public half of a key for the key', () => {
    expect(namesIn(`${pem.publicKey} ${payload(pem.publicKey)}`)).toEqual([]);
  });

  test('refuses to search for what is found by accident', () => {
    expect(() => searchFor([{ name: 'word', text: 'word' }])).toThrow('word');
  });
});

/** A file that only who knows the passphrase can read, and nobody can change unnoticed. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seal, unseal } from '../../client/sealed-file.ts';

/** As little as scrypt takes: what is asked here does not depend on it. */
const CHEAP = 2;
const PASSPHRASE = 'correct horse battery';
const ABOUT = { cluster: 'gke-0a1b2c3d', namespace: 'default' };
const sealed = (text = 'root-ca.key') => seal(text, ABOUT, PASSPHRASE, CHEAP);

describe('a sealed file', () => {
  test('gives back what was sealed, and what is told of it in the clear, whatever both are', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), fc.string()), (text, about) => {
        expect(unseal(seal(text, about, PASSPHRASE, CHEAP), PASSPHRASE)).toEqual({ text, about });
      }),
    );
  });

  test('has nothing of its text or of the passphrase in it, and never the same bytes twice', () => {
    const one = sealed();
    expect(one).not.toContain('root-ca');
    expect(one).not.toContain(Buffer.from('root-ca.key').toString('base64').slice(0, 8));
    expect(one).not.toContain('correct');
    expect(sealed()).not.toBe(one);
  });

  test('is sealed at a cost that takes memory', () => {
    const { scrypt } = JSON.parse(seal('text', ABOUT, PASSPHRASE)) as { scrypt: { cost: number } };
    expect(scrypt.cost).toBe(131_072);
  });

  test('is opened by no other passphrase', () => {
    expect(() => unseal(sealed(), `${PASSPHRASE} `)).toThrow('The passphrase is another one');
  });

  test('is opened by one that another system spells by other code points', () => {
    const composed = 'caf\u00e9 caf\u00e9 caf\u00e9';
    expect(unseal(seal('t', {}, composed, CHEAP), composed.normalize('NFD')).text).toBe('t');
  });

  test.each<[string, (file: Record<string, unknown>) => object]>([
    ['what it is about', (file) => ({ ...file, about: { ...ABOUT, cluster: 'gke-99999999' } })],
    ['its text', (file) => ({ ...file, text: Buffer.from('another').toString('base64') })],
    ['its tag', (file) => ({ ...file, tag: Buffer.alloc(16).toString('base64') })],
    ['its tag, which is cut short', (file) => ({ ...file, tag: Buffer.alloc(4).toString('base64') })],
  ])('of which somebody changed %s is not opened', (_, change) => {
    const file = JSON.stringify(change(JSON.parse(sealed()) as Record<string, unknown>));
    expect(() => unseal(file, PASSPHRASE)).toThrow('somebody changed the file');
  });

  test.each<[string, string]>([
    ['is no JSON', 'hello'],
    ['is cut off', sealed().slice(0, -20)],
    ['would take all memory', sealed().replace('"cost": 2', '"cost": 1073741824')],
  ])('that %s is none', (_, file) => {
    expect(() => unseal(file, PASSPHRASE)).toThrow('It is no file that slipway clusters export-secrets wrote');
  });

  test('is not made with a passphrase that could be found', () => {
    expect(() => seal('text', ABOUT, 'short', CHEAP)).toThrow('shorter than 12 characters');
  });
});

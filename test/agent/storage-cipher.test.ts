import { describe, expect, test } from '@jest/globals';
import { createStorageCipher } from '../../agent/storage-cipher.ts';
import { kmsDouble } from './doubles.ts';

const KEY = 'arn:aws:kms:eu-west-1:1:key/k';
const secret = Buffer.from('a seed of the API server');

describe('The cipher of what the API server stores', () => {
  test('opens what it sealed, and asks KMS once for many', async () => {
    const kms = kmsDouble();
    const cipher = createStorageCipher(kms, KEY, 'gke-1');
    const sealed = await Promise.all([1, 2, 3].map(() => cipher.encrypt(secret)));
    expect(new Set(sealed.map((each) => each.ciphertext.toString('hex'))).size).toBe(3);
    for (const each of sealed) {
      expect(each.ciphertext.includes(secret)).toBe(false);
      expect(await cipher.decrypt(each)).toEqual(secret);
    }
    expect(kms.calls).toEqual(['generateDataKey']);
  });

  test('another replica opens it with the help of KMS; another cluster cannot', async () => {
    const kms = kmsDouble();
    const sealed = await createStorageCipher(kms, KEY, 'gke-1').encrypt(secret);
    expect(await createStorageCipher(kms, KEY, 'gke-1').decrypt(sealed)).toEqual(secret);
    await expect(createStorageCipher(kms, KEY, 'gke-2').decrypt(sealed)).rejects.toThrow('InvalidCiphertext');
  });

  test('goes on while KMS is away, with the key that it has', async () => {
    const kms = kmsDouble();
    let now = 0;
    const cipher = createStorageCipher(kms, KEY, 'gke-1', () => now);
    const sealed = await cipher.encrypt(secret);
    kms.available = false;
    now = 48 * 3_600_000;
    await cipher.check();
    expect(await cipher.decrypt(sealed)).toEqual(secret);
    expect(await cipher.decrypt(await cipher.encrypt(secret))).toEqual(secret);
  });

  test('reports itself unhealthy until KMS has answered once', async () => {
    const kms = kmsDouble();
    kms.available = false;
    const cipher = createStorageCipher(kms, KEY, 'gke-1');
    await expect(cipher.check()).rejects.toThrow('KMS is away');
    kms.available = true;
    await cipher.check();
  });

  test('refuses a ciphertext that was changed', async () => {
    const cipher = createStorageCipher(kmsDouble(), KEY, 'gke-1');
    const sealed = await cipher.encrypt(secret);
    const last = sealed.ciphertext.length - 1;
    sealed.ciphertext[last] = (sealed.ciphertext[last] ?? 0) ^ 1;
    await expect(cipher.decrypt(sealed)).rejects.toThrow();
  });
});

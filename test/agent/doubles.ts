/** Doubles for the agent's edges. */
import type { Attachable, Ec2 } from '../../agent/aws/ec2.ts';
import type { Kms } from '../../agent/aws/kms.ts';
import { createLog, type Log } from '../../agent/log.ts';

/** A log whose lines can be looked at. */
export const recordedLog = (): { readonly log: Log; readonly messages: () => readonly string[] } => {
  const lines: string[] = [];
  return {
    log: createLog((line) => lines.push(line)),
    messages: () => lines.map((line) => (JSON.parse(line) as { message: string }).message),
  };
};

export const CLUSTER = 'gke-0a1b2c3d';

/** An account with one volume and one interface, whose attachments take one look to become real. */
export const accountOf = (
  holders: Record<string, string>,
): {
  readonly ec2: Ec2;
  readonly setState: (instance: string, state: string) => void;
  readonly holderOf: (id: string) => string | undefined;
  readonly setTags: (id: string, tags: Readonly<Record<string, string>>) => void;
  readonly setHolder: (id: string, instance: string | undefined) => void;
} => {
  const held = new Map<string, { instanceId: string; state: string }>(
    Object.entries(holders).map(([id, instanceId]) => [id, { instanceId, state: 'attached' }]),
  );
  const states = new Map<string, string>();
  const tagged = new Map<string, Readonly<Record<string, string>>>();
  const look = (id: string): Promise<Attachable | undefined> => {
    const attachment = held.get(id);
    const seen: Attachable = {
      id,
      state: attachment === undefined ? 'available' : 'in-use',
      tags: tagged.get(id) ?? { 'slipway.dev/cluster': CLUSTER },
      ...(attachment === undefined ? {} : { attachment: { ...attachment, attachmentId: `at-${id}` } }),
    };
    if (attachment !== undefined) attachment.state = 'attached';
    return Promise.resolve(seen);
  };
  const attach = (id: string, instanceId: string): Promise<void> => {
    if (held.has(id)) return Promise.reject(new Error(`${id} is in use`));
    held.set(id, { instanceId, state: 'attaching' });
    return Promise.resolve();
  };
  const detach = (id: string): Promise<void> => {
    const holder = held.get(id)?.instanceId ?? '';
    if (states.get(holder) !== 'stopped') return Promise.reject(new Error(`${holder} is not stopped`));
    held.delete(id);
    return Promise.resolve();
  };
  return {
    ec2: {
      volume: look,
      tag: () => Promise.resolve(),
      attachVolume: attach,
      detachVolume: detach,
      networkInterface: look,
      attachNetworkInterface: attach,
      detachNetworkInterface: (attachmentId) => detach(attachmentId.slice('at-'.length)),
      instanceState: (id) => Promise.resolve(states.get(id) ?? 'running'),
      instancesNamed: () => Promise.resolve([]),
    },
    setState: (instance, state) => states.set(instance, state),
    setTags: (id, tags) => tagged.set(id, tags),
    holderOf: (id) => held.get(id)?.instanceId,
    setHolder: (id, instanceId) => {
      if (instanceId === undefined) held.delete(id);
      else held.set(id, { instanceId, state: 'attached' });
    },
  };
};

/** A KMS that can be taken away, and whose ciphertexts are bound to their context. */
export const kmsDouble = (): Kms & { readonly calls: string[]; available: boolean } => {
  const keys = new Map<string, { plaintext: Uint8Array; context: string }>();
  const double = {
    calls: [] as string[],
    available: true,
    decrypt: (ciphertext: Uint8Array, context: Readonly<Record<string, string>>) => {
      double.calls.push('decrypt');
      const found = keys.get(Buffer.from(ciphertext).toString('hex'));
      if (!double.available) return Promise.reject(new Error('KMS is away'));
      if (found === undefined || found.context !== JSON.stringify(context)) {
        return Promise.reject(new Error('InvalidCiphertextException'));
      }
      return Promise.resolve(found.plaintext);
    },
    generateDataKey: (_keyArn: string, context: Readonly<Record<string, string>>) => {
      double.calls.push('generateDataKey');
      if (!double.available) return Promise.reject(new Error('KMS is away'));
      const plaintext = crypto.getRandomValues(new Uint8Array(32));
      const ciphertext = crypto.getRandomValues(new Uint8Array(64));
      keys.set(Buffer.from(ciphertext).toString('hex'), { plaintext, context: JSON.stringify(context) });
      return Promise.resolve({ plaintext, ciphertext });
    },
  };
  return double;
};

/**
 * Prometheus: what a server tells of itself in the text format of its metrics.
 *
 * Owns: reading the samples of one metric, with their labels
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). Neighbours: whoever asked for `/metrics`. Pure.
 */
export type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

const LABEL = /(?<name>[a-zA-Z_]\w*)="(?<value>(?:[^"\\]|\\.)*)"/g;

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));

const labelsIn = (text: string): Sample['labels'] =>
  Object.fromEntries(
    [...text.matchAll(LABEL)].map(({ groups }) => [groups?.['name'] ?? '', unescaped(groups?.['value'] ?? '')]),
  );

/** `name` is the whole name of a metric. Comments, and other metrics whose name begins so, are passed over. */
export const samplesOf = (text: string, name: string): readonly Sample[] => {
  const line = new RegExp(`^${name}(?:\\{(?<labels>.*)\\})?\\s+(?<value>\\S+)(?:\\s+-?\\d+)?$`, 'gm');
  return [...text.matchAll(line)].map(({ groups }) => ({
    labels: labelsIn(groups?.['labels'] ?? ''),
    value: Number(groups?.['value']),
  }));
};

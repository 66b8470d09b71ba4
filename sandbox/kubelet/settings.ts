/**
 * Settings: what the played kubelet is told, read where a real one would read it.
 *
 * Owns: taking version, labels, taints and reservations out of the component that `machine/node-components.ts` describes, so that
 * a flag which is missing there is missing here. Neighbours: `node-object.ts` makes a Node of it.
 */
import type { Component } from '../../machine/component.ts';

type Taint = { readonly key: string; readonly value?: string; readonly effect: string };

export type KubeletSettings = {
  /** Without a leading v. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly maxPods: number;
  readonly reserved: { readonly cpuMillis: number; readonly memoryMiB: number };
  /** What must stay free beside what is reserved. */
  readonly evictionMemoryMiB: number;
};

/** What the kubelet reads in its configuration, of all that a real one would. */
type Document = {
  readonly maxPods: number;
  readonly registerWithTaints: readonly Taint[];
  readonly kubeReserved: { readonly cpu: string; readonly memory: string };
  readonly evictionHard: { readonly 'memory.available': string };
};

const flagOf = (component: Component, name: string): string => {
  const begins = `--${name}=`;
  const found =
    component.program.kind === 'binary'
      ? component.program.arguments.find((each) => each.startsWith(begins))
      : undefined;
  if (found === undefined) throw new Error(`${component.name} is described without --${name}, so it cannot be played.`);
  return found.slice(begins.length);
};

/** `1800m` or `355Mi` as a number, in the unit that it must have. */
const quantity = (text: string, unit: 'm' | 'Mi'): number => {
  const number = Number(text.endsWith(unit) ? text.slice(0, -unit.length) : Number.NaN);
  if (Number.isNaN(number))
    throw new Error(`The kubelet's configuration has ${text} where a number of ${unit} is wanted.`);
  return number;
};

/** Of a node's components; the others are not played: no container runs, and nothing is sent to a Service. */
export const settingsOf = (components: readonly Component[]): KubeletSettings => {
  const component = components.find(({ name }) => name === 'kubelet');
  if (component === undefined) throw new Error('A node is described without a kubelet, so it cannot be played.');
  const path = flagOf(component, 'config');
  const content = component.files.find((file) => file.path === path)?.content;
  if (content === undefined) throw new Error(`${component.name} is described without its configuration, ${path}.`);
  const document = JSON.parse(content) as Document;
  const labels = flagOf(component, 'node-labels')
    .split(',')
    .filter((label) => label !== '');
  return {
    version: component.version ?? '',
    labels: Object.fromEntries(
      labels.map((label) => [label.split('=', 1)[0] ?? '', label.slice(label.indexOf('=') + 1)]),
    ),
    taints: document.registerWithTaints,
    maxPods: document.maxPods,
    reserved: {
      cpuMillis: quantity(document.kubeReserved.cpu, 'm'),
      memoryMiB: quantity(document.kubeReserved.memory, 'Mi'),
    },
    evictionMemoryMiB: quantity(document.evictionHard['memory.available'], 'Mi'),
  };
};

/**
 * Order: in which sequence components start and stop.
 *
 * Owns: the two sorts of `after`, and layers of whatever needs one another. Stopping runs against it: controllers first, then the API server, etcd last, because
 * an API server whose etcd is gone lingers for more than a minute and holds its port.
 * Neighbours: `components.ts` says what comes after what; the agent's hosts wait between the waves; `topology/check.ts` puts
 * resources and steps into layers.
 */
import type { Component } from './component.ts';

type Ordered = Pick<Component, 'name' | 'after'>;

/**
 * Layers of things by name: what is in one needs only what is in those before it. `stuck` are those that need one another, or
 * what isn't among them.
 */
export const layersOf = <T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  needsOf: (one: T) => readonly string[],
): { readonly layers: readonly (readonly T[])[]; readonly stuck: readonly T[] } => {
  const layers: T[][] = [];
  const placed = new Set<string>();
  let stuck = all;
  for (;;) {
    const layer = stuck.filter((one) => needsOf(one).every((need) => placed.has(need)));
    if (layer.length === 0) return { layers, stuck };
    layers.push(layer);
    for (const one of layer) placed.add(nameOf(one));
    stuck = stuck.filter((one) => !placed.has(nameOf(one)));
  }
};

/** Waves of components: all of one wave may start at once when every earlier wave is ready. */
export const startWaves = <C extends Ordered>(components: readonly C[]): readonly (readonly C[])[] => {
  const { layers, stuck } = layersOf(
    components,
    ({ name }) => name,
    ({ after }) => after,
  );
  if (stuck.length === 0) return layers;
  const names = stuck.map((component) => component.name).join(', ');
  throw new Error(`Components ${names} wait for each other or for components that do not exist.`);
};

/** The waves in which components stop: nothing stops before everything that needs it has ended. */
export const stopWaves = <C extends Ordered>(components: readonly C[]): readonly (readonly C[])[] =>
  startWaves(components).toReversed();

/**
 * Order: in which sequence components start and stop.
 *
 * Owns: the two sorts of `after`. Stopping runs against it: controllers first, then the API server, etcd last, because
 * an API server whose etcd is gone lingers for more than a minute and holds its port.
 * Neighbours: `components.ts` says what comes after what; the agent's hosts wait between the waves.
 */
import type { Component } from './component.ts';

type Ordered = Pick<Component, 'name' | 'after'>;

/** Waves of components: all of one wave may start at once when every earlier wave is ready. */
export const startWaves = <C extends Ordered>(components: readonly C[]): readonly (readonly C[])[] => {
  const waves: C[][] = [];
  const placed = new Set<string>();
  let remaining = [...components];
  while (remaining.length > 0) {
    const wave = remaining.filter((component) => component.after.every((name) => placed.has(name)));
    if (wave.length === 0) {
      const names = remaining.map((component) => component.name).join(', ');
      throw new Error(`Components ${names} wait for each other or for components that do not exist.`);
    }
    waves.push(wave);
    for (const component of wave) placed.add(component.name);
    remaining = remaining.filter((component) => !placed.has(component.name));
  }
  return waves;
};

/** The waves in which components stop: nothing stops before everything that needs it has ended. */
export const stopWaves = <C extends Ordered>(components: readonly C[]): readonly (readonly C[])[] =>
  startWaves(components).toReversed();

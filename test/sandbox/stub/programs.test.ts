/** What the programs of a stub replica say that they are, against what real ones said (1.36.3 and 1.37.2, three replicas each). */
import { describe, expect, test } from '@jest/globals';
import type { Component } from '../../../machine/component.ts';
import { replicaComponents } from '../../../machine/components.ts';
import { createClusters } from '../../../sandbox/stub/clusters.ts';
import { agreedMinor, etcdProblem, programsIn, versionInfo } from '../../../sandbox/stub/programs.ts';
import { replicaConfiguration, replicaMachine } from '../../machine/examples.ts';

const emulating =
  (minor: string) =>
  (component: Component): Component => {
    const { program } = component;
    if (component.name !== 'kube-apiserver' || program.kind !== 'binary') return component;
    return {
      ...component,
      program: { ...program, arguments: [...program.arguments, `--emulated-version=${minor}`] },
    };
  };

const componentsOf = (kubernetes: string, minor?: string): readonly Component[] => {
  const versions = { kubernetes, etcd: '3.6.16', cloudController: '1.36.1' };
  const components = replicaComponents(replicaMachine({ configuration: replicaConfiguration({ versions }) }));
  return minor === undefined ? components : components.map(emulating(minor));
};

const said = (kubernetes: string, minor?: string) => {
  const info = versionInfo(programsIn(componentsOf(kubernetes, minor)));
  const of = (what: string): string => `${info[`${what}Major`]}.${info[`${what}Minor`]}`;
  return [info['gitVersion'], of('emulation'), of('minCompatibility')];
};

describe('Kubernetes of a stub replica says by `/version`', () => {
  test('of a machine that is told nothing of emulation, its own minor', () => {
    expect(said('1.36.3')).toEqual(['v1.36.3', '1.36', '1.35']);
    expect(said('1.37.2')).toEqual(['v1.37.2', '1.37', '1.36']);
  });

  test('of one that is told to emulate, the minor of before, with its own binaries', () => {
    expect(said('1.37.2', '1.36')).toEqual(['v1.37.2', '1.36', '1.35']);
  });

  test.each(['1.33', '1.38'])('nothing where it is told to serve as %s, which it cannot', (minor) => {
    expect(() => said('1.37.2', minor)).toThrow(`emulation version ${minor} is not between [1.34, 1.37.0]`);
  });
});

describe('etcd of a stub cluster', () => {
  test.each([
    { running: ['3.6.16', '3.6.16', '3.6.16'], before: undefined, after: '3.6' },
    { running: ['3.7.3', '3.6.16', '3.6.16'], before: '3.6', after: '3.6' },
    { running: ['3.7.3', '3.7.3'], before: '3.6', after: '3.6' },
    { running: ['3.7.3', '3.7.3', '3.7.3'], before: '3.6', after: '3.7' },
    { running: ['3.10.0', '3.9.1', '3.10.0'], before: '3.6', after: '3.9' },
    { running: ['3.7.3', '3.7.3'], before: '3.7', after: '3.7' },
  ])('of $running stores by $after where it was $before', ({ running, before, after }) => {
    expect(agreedMinor(running, 3, before)).toBe(after);
  });

  test('starts no member that is older than what is stored, and any other', () => {
    expect(etcdProblem('3.6.16', '3.7')).toBe(
      "etcd 3.6.16 does not start: the cluster's version 3.7.0 is not supported by it",
    );
    expect(etcdProblem('3.7.3', '3.6')).toBeUndefined();
    expect(etcdProblem('3.6.16', undefined)).toBeUndefined();
  });

  test('may go back until its last member is new, and not then', () => {
    const { join, leave, etcdMinor } = createClusters().of({ clusterId: 'gke-0a1b2c3d', members: 3 });
    const runs = (etcd: string) => ({ kubernetes: '1.37.2', etcd, serves: '1.37' as const });
    for (const index of [0, 1, 2]) join(index, `i-${index}`, runs('3.6.16'));
    for (const index of [0, 1]) {
      leave(index, `i-${index}`);
      join(index, `i-new-${index}`, runs('3.7.3'));
    }
    leave(2, 'i-2');
    expect(etcdMinor()).toBe('3.6');
    join(2, 'i-new-2', runs('3.7.3'));
    leave(2, 'i-new-2');
    expect(etcdMinor()).toBe('3.7');
  });

  test('keeps what a newer machine in the same place runs when the older one goes', () => {
    const { join, leave, programs, replicas } = createClusters().of({ clusterId: 'gke-0a1b2c3d', members: 3 });
    const runs = (kubernetes: string) => ({ kubernetes, etcd: '3.6.16', serves: '1.36' as const });
    join(0, 'i-old', runs('1.36.3'));
    join(0, 'i-new', runs('1.37.2'));
    leave(0, 'i-old');
    expect([replicas.get(0), programs.get(0)?.kubernetes]).toEqual(['i-new', '1.37.2']);
  });
});

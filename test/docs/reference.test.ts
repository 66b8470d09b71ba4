import { describe, expect, test } from '@jest/globals';
import { clusterDefinition, nodePoolDefinition } from '../../api/crd.ts';
import { clusterFieldsWithoutEffect, nodePoolFieldsWithoutEffect } from '../../api/effects.ts';
import { fieldReference, fieldsOf, kindFields } from '../../docs/generate/fields.ts';
import { metricsReference } from '../../docs/generate/metrics.ts';
import { ORIGINAL } from '../../docs/generate/original.ts';
import { seedCluster, seedPool } from '../topology/objects.ts';

const kinds = { AWSCluster: kindFields(clusterDefinition()), AWSNodePool: kindFields(nodePoolDefinition()) } as const;

describe('the field reference', () => {
  test('has a row for every field of spec and status', () => {
    const page = fieldReference();
    const fields = Object.values(kinds).flatMap(({ spec, status }) => [...spec, ...status]);
    expect(fields.length).toBeGreaterThan(150);
    expect(fields.filter(({ path }) => !page.includes(`| \`${path}\` | `)).map(({ path }) => path)).toEqual([]);
  });

  test('says of every field that a person sets how it was in the original', () => {
    for (const kind of ['AWSCluster', 'AWSNodePool'] as const) {
      const set = kinds[kind].spec.filter(({ schema }) => schema.properties === undefined).map(({ path }) => path);
      expect(set.filter((path) => ORIGINAL[kind][path] === undefined)).toEqual([]);
      const known = kinds[kind].spec.map(({ path }) => path);
      expect(Object.keys(ORIGINAL[kind]).filter((path) => !known.includes(path))).toEqual([]);
    }
  });

  test('reads limits, defaults, rules and what cannot be changed out of a schema', () => {
    const fields = fieldsOf({
      required: ['id'],
      'x-kubernetes-validations': [
        { rule: 'self.id == oldSelf.id', message: 'id cannot be changed: make another', fieldPath: '.id' },
        { rule: 'self.size > 0', message: 'size must be positive', fieldPath: '.size' },
      ],
      properties: {
        id: { type: 'string' },
        size: { type: 'integer', default: 3 },
        list: { type: 'array', items: { properties: { entry: { type: 'string' } } } },
      },
    });
    expect(fields.map(({ path, required, demands, onChange }) => ({ path, required, demands, onChange }))).toEqual([
      { path: 'id', required: true, demands: [], onChange: 'id cannot be changed: make another' },
      { path: 'size', required: false, demands: ['size must be positive'], onChange: undefined },
      { path: 'list', required: false, demands: [], onChange: undefined },
      { path: 'list[].entry', required: false, demands: [], onChange: undefined },
    ]);
  });

  test('does not hide that a field has no effect yet', () => {
    const without = {
      AWSCluster: clusterFieldsWithoutEffect(
        seedCluster({
          spec: {
            authentication: {
              awsIAM: { adminIdentityARNs: ['arn:aws:iam::012345678901:user/a'] },
              oidc: [{ issuerURI: 'https://example.com', clientID: 'a' }],
            },
          },
          controlPlane: {
            cloudOperations: { projectID: 'a', location: 'b' },
            proxySecretName: 'a',
            workloadIdentity: { oidcDiscoveryGCSBucket: 'abc' },
          },
        }).spec,
      ),
      AWSNodePool: nodePoolFieldsWithoutEffect(seedPool({ spec: { proxySecretName: 'a' } }).spec),
    };
    for (const kind of ['AWSCluster', 'AWSNodePool'] as const) {
      expect(without[kind].length).toBeGreaterThan(0);
      for (const { field } of without[kind]) {
        const found = kinds[kind].spec.find(({ path }) => `spec.${path}` === field);
        expect({ field, said: found?.schema.description }).toEqual({
          field,
          said: expect.stringContaining('Has no effect yet'),
        });
      }
    }
  });
});

test('the metrics reference has every metric of Slipway with its labels', async () => {
  expect(await metricsReference()).toMatch(/\| `slipway_steps_total` \| counter \| `verb`, `kind`, `outcome` \| \S/);
});

/**
 * Grants: what `deploy/rbac/` gives each of Slipway's service accounts.
 *
 * Owns: the reading of roles and bindings, and the requests that the create journey does not show, each with its reason.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ServiceAccountName } from '../../api/names.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/rbac');

type Rule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
};

/** Every object in `deploy/rbac/`. */
const manifests = (): readonly Manifest[] =>
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')))
    .map((document) => document.toJSON() as Manifest);

/** `<verb> <API group> <resource>` for each thing that an account may do somewhere. */
export const grants = (account: ServiceAccountName): readonly string[] => {
  const all = manifests();
  const roles = all
    .filter(({ subjects = [] }) => subjects.some(({ name }) => name === account))
    .map(({ roleRef }) => roleRef?.name);
  const rules = all.filter(({ rules: own, metadata }) => own !== undefined && roles.includes(metadata.name));
  return [
    ...new Set(
      rules
        .flatMap(({ rules: own = [] }) => own)
        .flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group} ${resource}`)),
          ),
        ),
    ),
  ].sort();
};

/** What no run of the create journey is bound to show, and which path needs it. */
export const RARE_REQUESTS: Readonly<Record<string, string>> = {
  'slipway-worker delete multicloud.cluster.gke.io awsnodepools': 'a cluster that is deleted without its node pools',
  // The API group of namespaces has no name.
  'slipway-worker get  namespaces': 'a delete whose namespace is being deleted, and its binding with it',
  'slipway-worker list multicloud.cluster.gke.io awsclusters': 'the sweep for drift, every ten minutes',
};

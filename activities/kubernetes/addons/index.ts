/**
 * Add-ons by name.
 *
 * Owns: the one list. Neighbours: `topology/addons.ts` says which a cluster has and with which parameters.
 */
import type { AddonName } from '../../../kinds/addon.ts';
import { connectAgent } from './connect-agent.ts';
import { coredns } from './coredns.ts';
import type { AddonManifest } from './manifest.ts';
import { metricsServer } from './metrics-server.ts';
import { nodeAccess } from './node-access.ts';
import { storageClasses } from './storage-classes.ts';

export const ADDONS: Readonly<Record<AddonName, AddonManifest>> = {
  'node-access': nodeAccess,
  coredns,
  'metrics-server': metricsServer,
  'storage-classes': storageClasses,
  'connect-agent': connectAgent,
};

/**
 * Add-ons: what runs inside every cluster before its owner runs anything, a row each.
 *
 * Owns: the one list. Neighbours: one file an add-on is its row; `topology/addons.ts` asks it which of them a cluster has, and
 * `rendered.ts` renders them. An add-on that leaves this list can't be rendered any more: as long as a published revision has it, it
 * stays.
 */
import { connectAgent } from './connect-agent.ts';
import { coredns } from './coredns.ts';
import type { Addon } from './manifest.ts';
import { metricsServer } from './metrics-server.ts';
import { nodeAccess } from './node-access.ts';
import { storageClasses } from './storage-classes.ts';

export const ADDONS: readonly Addon[] = [nodeAccess, coredns, metricsServer, storageClasses, connectAgent];

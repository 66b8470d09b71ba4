/**
 * Beginning: what is on disk before the first part starts.
 *
 * Owns: the files of a sandbox's home that no part writes: layout, keys, kubeconfig, settings for the command line; and
 * what is thrown away when a sandbox begins anew. Neighbours: `main.ts` decides whether it begins anew.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { quote } from '../../words/commands.ts';
import { folders, type SandboxLayout } from '../layout.ts';
import { writeKubeconfigs } from '../management/kubeconfig.ts';
import { ensurePki } from '../management/pki.ts';
import { writeAdmissionControl } from '../management/webhook.ts';
import { saidOf, toolsIn } from '../tools/origin.ts';
import { compiledFolder } from '../tools/store.ts';
import { writeWhole } from './state.ts';

/** The supervisor's own log, which it writes to while it forgets the others. */
export const SUPERVISOR_LOG = 'supervisor.log';

/** Deletes what a sandbox keeps, and nothing else that may lie in its home. Parts must be down. */
export const forgetEverything = (home: string): void => {
  const { logs, data, pki, instances, volumes, kubeconfig, layout, state, config, bin } = folders(home);
  const oldLogs = existsSync(logs) ? readdirSync(logs).filter((name) => name !== SUPERVISOR_LOG) : [];
  const files = [data, pki, instances, volumes, kubeconfig, layout, state, config, bin];
  for (const path of [...files, ...oldLogs.map((name) => `${logs}/${name}`)]) {
    rmSync(path, { recursive: true, force: true });
  }
};

/** Writes everything that parts and people find in the home. Again and again: with the same layout nothing changes. */
export const prepareHome = async (layout: SandboxLayout): Promise<void> => {
  const {
    logs,
    data,
    pki,
    instances,
    volumes,
    managementKubeconfig,
    config,
    bin,
    layout: layoutFile,
  } = folders(layout.home);
  for (const folder of [logs, data, instances, volumes, bin]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  compiledFolder(layout.cache);
  writeWhole(layoutFile, `${JSON.stringify(layout, null, 2)}\n`);
  await ensurePki(pki, {
    etcd: layout.managementEtcd.host,
    api: layout.managementApi.host,
    admission: layout.admission.host,
  });
  writeKubeconfigs(layout);
  writeAdmissionControl(layout);
  const settings = {
    temporalAddress: `${layout.temporal.host}:${layout.temporal.port}`,
    temporalNamespace: 'default',
    kubeconfig: managementKubeconfig,
    proxy: `http://${layout.proxy.host}:${layout.proxy.port}`,
    tools: toolsIn(layout.bin).map((one) => ({ tool: one.tool, version: one.version, came: saidOf(one) })),
  };
  writeWhole(config, `${JSON.stringify(settings, null, 2)}\n`);
  const slipway = [
    '#!/bin/sh',
    `# Slipway's command line, for this sandbox.`,
    `SLIPWAY_HOME=${quote(layout.home)} exec ${quote(layout.node)} ${quote(`${layout.checkout}/client/cli/slipway.js`)} "$@"`,
  ];
  writeWhole(`${bin}/slipway`, `${slipway.join('\n')}\n`);
  chmodSync(`${bin}/slipway`, 0o700);
};

/**
 * CRDs: teaches the management API the language of Slipway, and what its parts may do.
 *
 * Owns: applying `deploy/crds/`, `deploy/admission/` and `deploy/rbac/` as an installation would, and waiting until the API
 * server serves them. Neighbours: `api/` generates CRDs; the worker may keep Secrets in the namespace `default` only.
 */
import { existsSync, readdirSync } from 'node:fs';
import { folders, type SandboxLayout } from '../layout.ts';
import { runCommand } from '../tools/command.ts';

/** Idempotent: applied again, an unchanged file changes nothing. */
export const applyCrds = async (layout: SandboxLayout): Promise<void> => {
  const crds = `${layout.checkout}/deploy/crds`;
  if (!existsSync(crds) || readdirSync(crds).length === 0) {
    throw new Error(`${crds} holds no CRDs: generate them with \`npm run generate\``);
  }
  const { managementKubeconfig } = folders(layout.home);
  const kubectl = (what: string, ...args: readonly string[]) =>
    runCommand(what, `${layout.bin}/kubectl`, ['--kubeconfig', managementKubeconfig, ...args], {
      env: { PATH: process.env.PATH, HOME: folders(layout.home).data },
    });
  const apply = ['apply', '--server-side', '--force-conflicts', '--field-manager=sandbox'];
  await kubectl('applying CRDs', ...apply, '-f', crds);
  await kubectl('waiting for CRDs', 'wait', '--for=condition=Established', '--timeout=30s', '-f', crds);
  const rest = ['admission', 'rbac', 'rbac/per-namespace'].map((folder) => `${layout.checkout}/deploy/${folder}`);
  await kubectl('applying admission policies and roles', ...apply, ...rest.flatMap((folder) => ['-f', folder]));
};

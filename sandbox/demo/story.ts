/**
 * Story: the words and commands of the demo.
 *
 * Owns: running a command as a person would type it, with its output below it, and what the demo says at its end.
 * Neighbours: `main.ts` is the order in which things happen.
 */
import { spawn } from 'node:child_process';
import colors from 'picocolors';
import { CHECKOUT } from '../commands/sandbox.ts';
import type { SandboxStatus } from '../commands/status.ts';

export type Shown = { readonly code: number; readonly output: string };

/** Prints a command, runs it, and prints what it answers. */
export const show = async (
  typed: string,
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Shown> => {
  process.stdout.write(`\n${colors.bold(`$ ${typed}`)}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: CHECKOUT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const print = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      process.stdout.write(chunk);
    };
    child.stdout.on('data', print);
    child.stderr.on('data', print);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
};

/** What a person can do next, with the very commands. */
export const whatNext = (status: SandboxStatus, context: string, instance: string | undefined): string => {
  const kubectl = `KUBECONFIG=${status.kubeconfig} ${status.kubectl}`;
  const rows = [
    ['What Slipway did, step by step', `${status.temporal.ui}/namespaces/${status.temporal.namespace}/workflows`],
    ['What runs', 'npm run sandbox -- status'],
    ['The cluster as a tree', `${status.slipway} clusters describe cluster-0`],
    ['Its Kubernetes API', `${kubectl} --context ${context} get pods --all-namespaces`],
    ...(instance
      ? [['Kill a control-plane machine; its group replaces it', `npm run sandbox -- kill ${instance}`]]
      : []),
    ['Kill Slipway in the middle of something', 'npm run sandbox -- kill slipway-worker'],
    ['Delete everything', `${kubectl} delete -f sandbox/demo/cluster-0.yaml`],
    ['End the sandbox', 'npm run demo -- --down'],
  ];
  return ['', colors.bold('What to try next'), ...rows.flatMap(([what, how]) => [`  ${what}:`, `    ${how}`])].join(
    '\n',
  );
};

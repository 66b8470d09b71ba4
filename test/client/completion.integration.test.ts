/** Tab in real shells, with names from a real API server. A shell that is not installed is skipped, and its test says so. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SHELLS, type Shell } from '../../client/cli/completion-scripts.ts';
import { ROOT, seedManifest, withPath } from '../api/manifests.ts';
import { type ApiServerForTests, startApiServer } from '../support/api-server.ts';
import { lacking, openTerminal, type Terminal } from './terminal.ts';

const SLIPWAY = fileURLToPath(new URL('../../client/cli/slipway.js', import.meta.url));
const API = '/apis/multicloud.cluster.gke.io/v1';
const STEP = 'ensure security-group/controlplane';

let api: ApiServerForTests;
let folder: string;

const made = async (path: string, body: unknown): Promise<void> => {
  const answer = await api.call('POST', path, body);
  expect([answer.status, answer.body]).toMatchObject([201, {}]);
};

beforeAll(async () => {
  api = await startApiServer();
  await api.installCrds(join(ROOT, 'deploy/crds'));
  await made('/api/v1/namespaces', { metadata: { name: 'harbour' } });
  for (const [namespace, name] of [
    ['default', 'alpha'],
    ['default', 'beta'],
    ['harbour', 'gamma'],
  ] as const) {
    const named = withPath(seedManifest('cluster-0'), 'metadata.name', name);
    await made(`${API}/namespaces/${namespace}/awsclusters`, withPath(named, 'metadata.namespace', namespace));
  }
  await made(
    `${API}/namespaces/default/awsnodepools`,
    withPath(seedManifest('cluster-0-pool-0'), 'metadata.name', 'pool-0'),
  );
  const time = new Date().toISOString();
  const status = {
    lastErrors: [{ step: STEP, verdict: 'blocked', message: 'not permitted', attempt: 1, since: time }],
  };
  const answer = await api.call(
    'PATCH',
    `${API}/namespaces/default/awsclusters/alpha/status`,
    { status },
    'application/merge-patch+json',
  );
  expect([answer.status, answer.body]).toMatchObject([200, {}]);
});
afterAll(() => api?.stop());

/** Ours, but for what a person calls it with: that is printed, each word in brackets. */
const PROGRAM = `#!/bin/sh
case "$1" in
  completion | __complete) exec '${process.execPath}' '${SLIPWAY}' "$@" ;;
esac
printf 'called:'
printf '<%s>' "$@"
printf '\\n'
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/slipway'), PROGRAM);
  chmodSync(join(folder, 'bin/slipway'), 0o755);
  writeFileSync(join(folder, 'kubeconfig-of-ours'), api.kubeconfigYaml);
});
// What Tab started may still keep what it compiled.
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

/** How each shell begins, without what this computer's files would make of it. */
type Begin = {
  readonly command: string;
  readonly prepare: string /** Keys that list what fits. */;
  readonly list: string;
};
const BEGIN: Readonly<Record<Shell, Begin>> = {
  bash: { command: 'bash --norc --noprofile -i', prepare: '', list: '\t\t' },
  zsh: { command: 'zsh -f -i', prepare: 'autoload -U compinit; compinit -D -u; ', list: '\t' },
};

const CASES = SHELLS.map((shell) => {
  const reason = lacking(shell);
  return {
    shell,
    run: reason === undefined ? test : test.skip,
    title: reason === undefined ? shell : `${shell} (${reason})`,
  };
});

describe.each(CASES)('completion in $title', ({ shell, run }) => {
  let terminal: Terminal;

  const open = async (kubeconfig: string): Promise<void> => {
    const { command, prepare } = BEGIN[shell];
    terminal = openTerminal(command, {
      HOME: folder,
      LANG: 'C.UTF-8',
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      SLIPWAY_KUBECONFIG: kubeconfig,
    });
    terminal.type(
      `cd '${folder}'; stty cols 250; PS1='$ '; ${prepare}source <(slipway completion ${shell}); echo rea''dy\n`,
    );
    await terminal.awaits(/ready\r?\n/);
  };
  afterEach(() => terminal?.end());

  /** What slipway is called with after these keys and Enter. */
  const called = async (keys: string): Promise<string> => {
    terminal.type(`${keys}\n`);
    return (await terminal.awaits(/called:(.*?)\r?\n/))[1] ?? '';
  };

  run('completes commands, options, values and names', async () => {
    await open(api.kubeconfig);
    expect(await called('slipway clu\tli\t--all\t')).toBe('<clusters><list><--all-namespaces>');
    expect(await called('slipway clusters list --output=js\t')).toBe('<clusters><list><--output=json>');
    expect(await called('slipway clusters list -o ta\t')).toBe('<clusters><list><-o><table>');
    expect(await called('~/bin/slipway vers\t')).toBe('<version>');
    expect(await called('slipway clusters describe al\t')).toBe('<clusters><describe><alpha>');
    expect(await called('slipway clusters describe -n har\tg\t')).toBe('<clusters><describe><-n><harbour><gamma>');
    expect(await called('slipway clusters list --namespace=har\t')).toBe('<clusters><list><--namespace=harbour>');
    expect(await called('slipway operations pause nodep\tpo\t')).toBe('<operations><pause><nodepool><pool-0>');
    const step = `<operations><skip><cluster><alpha><--step><${STEP}>`;
    expect(await called('slipway operations skip cluster alpha --step ens\t')).toBe(step);
    expect(await called("slipway operations skip cluster alpha --step 'ens\t")).toBe(step);
    expect(await called('slipway operations skip cluster alpha --step "ensure s\t')).toBe(step);
    expect(await called('slipway operations skip cluster alpha --step ensure\\ s\t')).toBe(step);
  });

  run('lists what there is when it is more than one, looks where the line says, and completes files', async () => {
    await open('/nowhere');
    terminal.type('slipway clusters describe --kubeconfig kubeconfig-o\t');
    await terminal.awaits(/kubeconfig-of-ours/);
    terminal.type(BEGIN[shell].list);
    await terminal.awaits(/alpha\s.*beta\s/s);
    expect(await called('be\t')).toBe('<clusters><describe><--kubeconfig><kubeconfig-of-ours><beta>');
    const file = `--management-kubeconfig '${api.kubeconfig}'`;
    expect(await called(`slipway ${file} clusters plan a\t`)).toContain('<alpha>');
  });

  run('says nothing when there is nothing to be known', async () => {
    await open('/nowhere');
    terminal.type('slipway clusters describe x\t');
    expect(await called('')).toBe('<clusters><describe><x>');
    expect(terminal.shown()).not.toMatch(/nowhere can't|error|Error/);
  });
});

import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { knownVersions, RELEASES } from '../../api/releases.ts';
import { completionOf, type Wanted } from '../../client/cli/completion.ts';
import { answerLines, completionScript, SHELLS } from '../../client/cli/completion-scripts.ts';
import { slipwayProgram } from '../../client/cli/program.ts';
import { readLine } from '../../client/cli/shell-words.ts';

const complete = (line: string): { readonly wanted: Wanted; readonly typed: string } =>
  completionOf(slipwayProgram(), readLine(line));

/** The words that fit what was typed. */
const words = (line: string): readonly string[] => {
  const { wanted, typed } = complete(line);
  if (wanted.kind !== 'words') throw new Error(`no words are wanted but ${wanted.kind}`);
  return wanted.candidates.map(({ value }) => value).filter((value) => value.startsWith(typed));
};

const NAMES = { kind: 'names', scope: {} } as const;

describe('completion', () => {
  test.each<[string, string, readonly string[]]>([
    ['commands', 'slipway ', ['clusters', 'operations', 'orphans', 'completion', 'version', 'help']],
    ['a command that is begun', 'slipway clusters de', ['describe']],
    ['a command behind an option', 'slipway --management-kubeconfig x clusters d', ['describe']],
    ['the value of an option', 'slipway clusters list -o ', ['table', 'wide', 'json']],
    ['a value that is begun', 'slipway clusters list --output j', ['json']],
    ['a value in one word with its option', 'slipway clusters list --output=t', ['table']],
    ['each command has formats of its own', 'slipway clusters describe x -o ', ['tree', 'json']],
    ['a flag takes no value', 'slipway clusters list -A -o j', ['json']],
    ['kinds, each spelled once', 'slipway operations retry ', ['cluster', 'awscluster', 'nodepool', 'awsnodepool']],
    ['what help is about', 'slipway help operations re', ['retry', 'resume']],
    ['what stands for a snapshot', 'slipway clusters restore x --from ', ['newest']],
    ['shells', 'slipway completion ', ['bash', 'zsh']],
    ['nothing behind the last argument', 'slipway clusters describe x ', []],
    ['nothing of what is not there', 'slipway bogus ', []],
    ['nothing behind an option that is not there', 'slipway clusters list --bogus=', []],
  ])('proposes %s: %s', (_what, line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  test('proposes options of the command and of the program, but for those that are there already', () => {
    const first = ['--namespace', '--kubeconfig', '--all-namespaces', '--stuck'];
    const all = [...first, '--output', '--help', '--management-kubeconfig'];
    expect(words('slipway clusters list -')).toEqual(all);
    expect(words('slipway clusters list -n x -A --')).toEqual([
      '--kubeconfig',
      '--stuck',
      '--output',
      '--help',
      '--management-kubeconfig',
    ]);
    expect(words('slipway operations skip cluster x --s')).toEqual(['--step']);
  });

  test('proposes revisions and versions of the catalogue, and no other', () => {
    const revisions = RELEASES.map(({ revision }) => String(revision));
    expect(words('slipway clusters update x --revision ')).toEqual(expect.arrayContaining(revisions));
    expect(revisions).toEqual(expect.arrayContaining([...words('slipway clusters update x --revision=')]));
    expect(words('slipway clusters plan x --version ')).toEqual(knownVersions());
  });

  test.each<[string, string, Wanted]>([
    ['clusters', 'slipway clusters describe ', NAMES],
    ['clusters of a namespace', 'slipway clusters describe -n east x', { kind: 'names', scope: { namespace: 'east' } }],
    [
      'clusters of the last of two',
      'slipway clusters plan -n a --namespace=b ',
      { kind: 'names', scope: { namespace: 'b' } },
    ],
    ['a namespace in one word', 'slipway clusters plan -neast ', { kind: 'names', scope: { namespace: 'east' } }],
    [
      'clusters of another API server',
      'slipway clusters describe --kubeconfig /k ',
      { kind: 'names', scope: { kubeconfig: '/k' } },
    ],
    [
      'clusters where the program is told to look',
      'slipway --management-kubeconfig "/a b" clusters describe ',
      { kind: 'names', scope: { kubeconfig: '/a b' } },
    ],
    ['clusters, not where credentials are written', 'slipway clusters get-credentials --kubeconfig /mine ', NAMES],
    ['node pools', 'slipway operations pause nodepool ', { ...NAMES, type: 'nodepool' }],
    ['a name after --', 'slipway clusters describe -- ', NAMES],
    ['namespaces', 'slipway clusters list -n ', { kind: 'namespaces', scope: {} }],
    ['namespaces in one word', 'slipway clusters list --namespace=', { kind: 'namespaces', scope: {} }],
    ['files', 'slipway clusters list --kubeconfig ', { kind: 'files' }],
    ['files in one word', 'slipway clusters list --kubeconfig=', { kind: 'files' }],
    [
      'steps of an object',
      'slipway operations skip nodepool pool-0 -n east --step ',
      { kind: 'steps', scope: { namespace: 'east' }, type: 'nodepool', name: 'pool-0' },
    ],
    ['nothing, as long as the object is unknown', 'slipway operations skip --step ', { kind: 'words', candidates: [] }],
  ])('looks up %s: %s', (_what, line, wanted) => {
    expect(complete(line).wanted).toEqual(wanted);
  });

  test('has an answer for every option and argument that a person can see', () => {
    const silent: string[] = [];
    const visit = (command: Command, path: string): void => {
      const help = command.createHelp();
      for (const option of help.visibleOptions(command)) {
        if (!option.required && !option.optional) continue;
        const { wanted } = complete(
          `${path} ${command.registeredArguments.map(() => 'cluster').join(' ')} ${option.long} `,
        );
        if (wanted.kind === 'words' && wanted.candidates.length === 0) silent.push(`${path} ${option.flags}`);
      }
      for (const [index, argument] of command.registeredArguments.entries()) {
        const { wanted } = complete(`${path} ${'cluster '.repeat(index)}`);
        if (wanted.kind === 'words' && wanted.candidates.length === 0) silent.push(`${path} <${argument.name()}>`);
      }
      for (const below of help.visibleCommands(command).filter((one) => one.name() !== 'help')) {
        visit(below, `${path} ${below.name()}`);
      }
    };
    visit(slipwayProgram(), 'slipway');
    expect(silent).toEqual([]);
  });
});

describe('what a shell is told', () => {
  const STEPS = [{ value: 'ensure etcd-volume/0', about: 'not\n permitted: x' }, { value: 'wait api' }];

  test('are words as bash finds them typed, in the quote that is open', () => {
    expect(answerLines('bash', STEPS, { typed: '', quote: '' })).toEqual([
      'words',
      String.raw`ensure\ etcd-volume/0`,
      String.raw`wait\ api`,
    ]);
    expect(answerLines('bash', STEPS, { typed: 'ensure ', quote: "'" })).toEqual(['words', 'ensure etcd-volume/0']);
  });

  test('are words as zsh takes them, with what each is about', () => {
    expect(answerLines('zsh', [...STEPS, { value: 'a:b' }], { typed: '', quote: '' })).toEqual([
      'words',
      'ensure etcd-volume/0:not permitted: x',
      'wait api',
      String.raw`a\:b`,
    ]);
  });

  test.each(SHELLS)('the script of %s knows no command, and asks the program that was typed', (shell) => {
    const script = completionScript(shell);
    expect(script).toContain(`"$program" __complete ${shell}`);
    expect(script).not.toMatch(/clusters|operations/);
  });
});

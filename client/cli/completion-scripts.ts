/**
 * Completion scripts: what bash and zsh run when somebody presses Tab.
 *
 * Owns: the scripts, and the lines in which `slipway __complete` answers them: first what it is (`words` or `files`), then a
 * word a line, as that shell wants it. The scripts know no command; they hand on the line up to the cursor. Pure.
 * Neighbours: `completion.ts` reads the line.
 */
import type { Candidate } from './completion.ts';
import { asTyped, type Quote } from './shell-words.ts';

export const SHELLS = ['bash', 'zsh'] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = `# Completion of slipway for bash: source <(slipway completion bash)
_slipway() {
  # As it was typed, for it need not be on PATH.
  local program=\${1/#'~/'/$HOME/} kind
  local -a found
  mapfile -t found < <("$program" __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  kind=\${found[0]:-}
  COMPREPLY=("\${found[@]:1}")
  # Where nothing is proposed, readline completes files.
  if [[ $kind == files ]]; then compopt -o default; fi
}
complete -o nosort -F _slipway slipway
`;

const ZSH = `#compdef slipway
# Completion of slipway for zsh: source <(slipway completion zsh), after compinit
_slipway() {
  local program=\${~words[1]} kind
  local -a found
  # Words before the cursor as they were typed, and the one that it is in up to there.
  found=("\${(@f)$("$program" __complete zsh "\${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" 2>/dev/null)}")
  kind=$found[1]
  shift found
  # Of --output=json only what follows is completed.
  if [[ $PREFIX == --*=* ]]; then compset -P '*='; fi
  if [[ $kind == files ]]; then _files; elif (( $#found )); then _describe -V slipway found; fi
}
# In a folder of fpath, this file is the function; sourced, it only makes it known.
if [[ \${funcstack[1]} == _slipway ]]; then _slipway "$@"; else compdef _slipway slipway; fi
`;

export const completionScript = (shell: Shell): string => ({ bash: BASH, zsh: ZSH })[shell];

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** zsh shows what a word is about; a colon stands between the two. */
const described = ({ value, about }: Candidate): string => {
  const word = value.replaceAll(/[\\:]/g, String.raw`\$&`);
  return about ? `${word}:${oneLine(about)}` : word;
};

/** Candidates for what was typed so far, inside of such a quote. */
export const answerLines = (
  shell: Shell,
  candidates: readonly Candidate[],
  { typed, quote }: { readonly typed: string; readonly quote: Quote },
): readonly string[] => {
  const fitting = candidates.filter(({ value }) => value.startsWith(typed));
  const line = (one: Candidate): string => (shell === 'zsh' ? described(one) : asTyped(one.value, quote));
  return ['words', ...fitting.map(line)];
};

/**
 * Differences: where the sandbox is not like AWS, as a page.
 *
 * Owns: how the table reads. Neighbours: `sandbox/differences.ts` has its rows.
 */
import { DIFFERENCES, type Difference } from '../../sandbox/differences.ts';
import { cell } from './table.ts';

const row = ({ subject, onAws, inSandbox, because, where }: Difference): string =>
  `| ${[subject, onAws, inSandbox, because, where.map((path) => `\`${path}\``).join(', ')].map(cell).join(' | ')} |`;

/** The page `docs/sandbox.md`. */
export const differencesReference = (): string =>
  [
    '# Where the sandbox is not like AWS',
    '',
    '<!-- Generated from sandbox/differences.ts by `npm run generate`; edit that instead. -->',
    '',
    'What a green test in the [sandbox](architecture.md#the-sandbox) does not prove. The last column says what makes the difference.',
    '',
    '| subject | on AWS | in the sandbox | because | where |',
    '|---|---|---|---|---|',
    ...DIFFERENCES.map(row),
    '',
  ].join('\n');

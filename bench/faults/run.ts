/**
 * `npm run bench -- faults`: the fault matrix.
 *
 * Owns: its options, its progress and its report. Neighbours: `matrix.ts` runs it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from '../main.ts';
import type { Report, Table } from '../report.ts';
import type { CaseResult } from './attempts.ts';
import { CONTROL_PLANE_NAMES } from './control-planes.ts';
import { FAULTS, type Fault } from './faults.ts';
import { type MatrixResult, runMatrix } from './matrix.ts';
import { type Case, nameOfCase, spreadOut, titleOf } from './plan.ts';
import { openSetting } from './setting.ts';
import { LIFE, PARTS, type Part } from './situations.ts';
import { CONTROL_PLANE_VERSIONS } from './versions.ts';

const SETTLE_SECONDS = 3;
/** Within the settling time, after the first retries. */
const LATE_MS = 1_500;
/** Three machines there and back, each of which leaves for twenty seconds and boots, on a computer that has other work. */
const REAL_LIMIT_MS = 900_000;

const KINDS = Object.keys(FAULTS) as Fault[];

const cell = (results: readonly CaseResult[]): string => {
  const failed = results.filter(({ wrong }) => wrong.length > 0).length;
  if (results.length === 0) return '-';
  return failed === 0 ? String(results.length) : `${failed} of ${results.length} FAILED`;
};

/** One row a call, one column a fault, in each cell its number of cases. */
const matrixTable = ({ results }: MatrixResult): Table => {
  const names = [...new Set(results.map(({ one }) => titleOf(one.call)))];
  return {
    title: 'Call x fault: cases lived',
    columns: ['CALL', ...KINDS.map((kind) => kind.toUpperCase()), 'CASES'],
    rows: names.map((name) => {
      const ofCall = results.filter(({ one }) => titleOf(one.call) === name);
      return [name, ...KINDS.map((kind) => cell(ofCall.filter(({ one }) => one.fault === kind))), ofCall.length];
    }),
  };
};

const sums = ({ results }: MatrixResult): Table => ({
  title: 'Faults',
  columns: ['FAULT', 'WHAT HAPPENS TO THE CALL', 'CASES', 'FAILED', 'CALL NEVER CAME', 'SECONDS OF ITS LIFE'],
  rows: KINDS.map((kind) => {
    const ofKind = results.filter(({ one }) => one.fault === kind);
    const seconds = ofKind.reduce((sum, one) => sum + one.seconds, 0) / Math.max(1, ofKind.length);
    const failed = ofKind.filter(({ wrong }) => wrong.length > 0).length;
    return [kind, FAULTS[kind], ofKind.length, failed, ofKind.filter(({ met }) => !met).length, seconds];
  }),
});

const failures = ({ results, account }: MatrixResult): Table => ({
  title: 'What went wrong, case by case (again with --only and the name)',
  columns: ['CASE', 'WHAT'],
  rows: [
    ...results.flatMap(({ name, wrong }) => wrong.map((what) => [name, what])),
    ...account.map((what) => ['the whole account, at the end', what]),
  ],
});

/** One row a part of the matrix. */
const partsTable = ({ results }: MatrixResult): Table => {
  const partOf = ({ one }: CaseResult): string => one.call.situation ?? LIFE;
  return {
    title: 'Situations',
    columns: ['SITUATION', 'CALLS', 'CASES', 'FAILED', 'CALL NEVER CAME', 'SECONDS A CASE'],
    rows: [...new Set(results.map(partOf))].map((part) => {
      const ofPart = results.filter((one) => partOf(one) === part);
      const seconds = ofPart.reduce((sum, one) => sum + one.seconds, 0) / ofPart.length;
      const failed = ofPart.filter(({ wrong }) => wrong.length > 0).length;
      const calls = new Set(ofPart.map(({ one }) => `${one.call.name} ${one.call.number}`)).size;
      return [part, calls, ofPart.length, failed, ofPart.filter(({ met }) => !met).length, seconds];
    }),
  };
};

const isOfControlPlane = (part: Part): boolean => (CONTROL_PLANE_NAMES as readonly Part[]).includes(part);

/** With real control planes a create and a delete, where nothing else is asked for, and no node pool: no pod runs there. */
export const partsOf = (asked: unknown, real: boolean): readonly Part[] => {
  const otherwise: readonly Part[] = real ? [LIFE] : PARTS;
  const parts = Array.isArray(asked) ? PARTS.filter((part) => asked.includes(part)) : otherwise;
  const without = real ? parts.filter((part) => part !== LIFE && !isOfControlPlane(part)) : [];
  if (without.length > 0) throw new Error(`${without.join(', ')}: lived with stub control planes only, without --real`);
  return parts;
};

/** The programs of a version are only there for who asks. */
const releasesFor = (parts: readonly Part[], real: boolean): readonly string[] =>
  real && parts.some(isOfControlPlane) ? [CONTROL_PLANE_VERSIONS.newer] : [];

const numberOf = (options: BenchOptions, name: string, otherwise: number): number => Number(options[name] ?? otherwise);

const reportOf = (result: MatrixResult, real: boolean): Report => {
  const bad = result.results.filter(({ wrong }) => wrong.length > 0).length;
  return {
    bench: 'faults',
    budgets: [
      { what: 'cases that went wrong', measured: bad, unit: '', most: 0 },
      { what: 'rows by which the account differs at the end', measured: result.account.length, unit: '', most: 0 },
    ],
    tables: [
      matrixTable(result),
      partsTable(result),
      sums(result),
      ...(bad + result.account.length > 0 ? [failures(result)] : []),
    ],
    notes: [
      `${result.calls.length} calls on the list, ${result.results.length} of ${result.cases} cases lived, ${Math.round(result.recordingSeconds)} s for the clean runs and ${Math.round(result.casesSeconds)} s for the cases.`,
      real
        ? 'A call is on the list when a clean run made it, of a create and a delete two; of waits, assessments and status writes, the first two calls of each name.'
        : 'A call is on the list when two clean runs both made it; of waits, assessments and status writes, the first two calls of each name.',
      'Only with --all: reads whose answer is lost or late (to the worker the same as a failure), and each of three replicas (here each fault meets one of them).',
      real
        ? 'Control planes are real, in machines that boot in no time, and a load balancer in a hurry; each is asked at its own address. The cases are spread over the whole list.'
        : 'Control planes are the stub.',
    ],
  };
};

export const run = async (options: BenchOptions): Promise<Report> => {
  const real = numberOf(options, 'real', 0);
  const parts = partsOf(options['situations'], real > 0);
  const only = Array.isArray(options['only']) ? (options['only'] as readonly string[]) : undefined;
  const from = numberOf(options, 'from', 0);
  const minutes = numberOf(options, 'minutes', Number.POSITIVE_INFINITY);
  const sample = numberOf(options, 'sample', Number.POSITIVE_INFINITY);
  const logs = options['logs'];
  if (typeof logs === 'string') mkdirSync(logs, { recursive: true });
  const setting = await openSetting({
    stub: real === 0,
    releases: releasesFor(parts, real > 0),
    settleSeconds: SETTLE_SECONDS,
    ...(typeof logs === 'string' ? { logs } : {}),
  });
  let until = Number.POSITIVE_INFINITY;
  try {
    const result = await runMatrix(setting, {
      parts,
      recordTwice: real === 0,
      width: numberOf(options, 'width', real === 0 ? 7 : 1),
      lanes: numberOf(options, 'lanes', real === 0 ? 4 : 1),
      all: options['all'] === true,
      lateMs: LATE_MS,
      limitMs: real === 0 ? 240_000 : REAL_LIMIT_MS,
      choose: (cases) => {
        const isMeant = (one: Case): boolean => only?.some((name) => nameOfCase(one).includes(name)) ?? true;
        const named = cases.filter(isMeant);
        if (named.length === 0) throw new Error(`no case is called ${only?.map((name) => `"${name}"`).join(' or ')}`);
        return spreadOut(named).slice(from, from + (real === 0 ? sample : real));
      },
      mayBegin: () => Date.now() < until,
      onList: (calls, cases) => {
        until = Date.now() + minutes * 60_000;
        process.stderr.write(`${calls.length} calls on the list, ${cases} cases in all\n`);
        if (typeof logs === 'string') writeFileSync(join(logs, 'calls.json'), JSON.stringify(calls, null, 2));
      },
      onCase: ({ name, wrong, met, seconds }, done, of) =>
        process.stderr.write(
          `${done}/${of}  ${seconds.toFixed(1)} s  ${wrong.length === 0 ? (met ? 'ok' : 'the call never came') : `FAILED: ${wrong.join('; ')}`}  ${name}\n`,
        ),
    });
    return reportOf(result, real > 0);
  } finally {
    await setting.end();
  }
};

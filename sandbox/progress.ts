/**
 * Progress: what a person sees while something takes long.
 *
 * Owns: one list of tasks with their times, live on a terminal, and plain lines with the seconds since the start
 * elsewhere (a pipe, a CI log). Neighbours: `tools/` and the commands say what the tasks are and report notes.
 */
import { Listr } from 'listr2';

export type Task = {
  readonly title: string;
  /** Does the work. `note` replaces what is shown beside the title. */
  readonly run: (note: (text: string) => void) => Promise<void>;
};

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** A note on a plain log is worth a line only now and then. */
const NOTE_EVERY_MILLISECONDS = 15_000;

const runPlain = async (tasks: readonly Task[], write: (line: string) => void): Promise<void> => {
  const began = performance.now();
  const line = (text: string) => write(`${seconds(began).padStart(8)}  ${text}\n`);
  const results = await Promise.allSettled(
    tasks.map(async (task) => {
      const start = performance.now();
      let noted = start;
      try {
        await task.run((text) => {
          if (performance.now() - noted < NOTE_EVERY_MILLISECONDS) return;
          noted = performance.now();
          line(`${task.title}: ${text}`);
        });
        line(`${task.title}: done in ${seconds(start)}`);
      } catch (error) {
        line(`${task.title}: failed after ${seconds(start)}`);
        throw error;
      }
    }),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};

const runLive = async (tasks: readonly Task[]): Promise<void> => {
  const failures: unknown[] = [];
  const list = new Listr(
    tasks.map((task) => ({
      title: task.title,
      task: async (_context: unknown, shown: { title: string }) => {
        const start = performance.now();
        try {
          await task.run((text) => {
            shown.title = `${task.title}: ${text}`;
          });
          shown.title = `${task.title} (${seconds(start)})`;
        } catch (error) {
          failures.push(error);
          throw error;
        }
      },
    })),
    { concurrent: true, exitOnError: false, rendererOptions: { showErrorMessage: false } },
  );
  await list.run();
  if (failures.length > 0) throw failures[0];
};

/** Runs the tasks side by side, and throws the first failure once all have ended. */
export const runTasks = (tasks: readonly Task[]): Promise<void> =>
  process.stderr.isTTY && process.stdout.isTTY ? runLive(tasks) : runPlain(tasks, (line) => process.stderr.write(line));

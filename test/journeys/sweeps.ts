/** A sweep that a test asks for, as a person would. */
import { type SandboxForTests, succeed } from '../support/sandbox.ts';
import { waitFor } from '../support/wait.ts';

export const sweepNow = async (sandbox: SandboxForTests): Promise<void> => {
  const id = await waitFor('the sweeps have a schedule', async () => {
    const listed = await succeed('schedules', sandbox.temporal(['schedule', 'list', '-o', 'json']));
    return (JSON.parse(listed) as readonly { readonly scheduleId: string }[])[0]?.scheduleId;
  });
  // While a sweep runs, another is dropped by default: the worker that began the last one may be gone.
  const after = ['--overlap-policy', 'BufferOne'];
  await succeed('sweep', sandbox.temporal(['schedule', 'trigger', '--schedule-id', id, ...after]));
};

/**
 * A machine of the sandbox: what each of its instances starts.
 *
 * Owns: that the agent, which is the one that ships, runs on the sandbox's host. Neighbours: `sandbox/instances` starts this
 * program and sets its variables, which `environment.ts` reads.
 */
import { runAgent } from '../../agent/main.ts';

await runAgent(async (log) => {
  const [{ createSandboxHost }, { readEnvironment }] = await Promise.all([
    import('./host.ts'),
    import('./environment.ts'),
  ]);
  return createSandboxHost(readEnvironment(process.env), log);
});

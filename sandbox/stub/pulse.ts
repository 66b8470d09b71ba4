/**
 * Pulse: whether a machine goes on, as far as anybody hears of it.
 *
 * Owns: that a machine may hang, which EC2 does not notice, and go on. Neighbours: `host.ts` lets it, `node.ts` and `replica.ts` say what
 * then is not done, `node-lifecycle.ts` hears nothing of it.
 */
export type Pulse = {
  readonly hangs: () => boolean;
  /** When it was heard of last, in epoch milliseconds: now, unless it hangs. */
  readonly lastHeard: () => number;
  readonly hang: () => void;
  readonly resume: () => void;
  /** Told from now on whenever it begins to hang, and when it goes on. */
  readonly follow: (onChange: (hangs: boolean) => void) => void;
};

export const createPulse = (now: () => number = Date.now): Pulse => {
  const followers: ((hangs: boolean) => void)[] = [];
  const state: { hungSince: number | undefined } = { hungSince: undefined };
  const become = (hungSince: number | undefined): void => {
    const changes = (state.hungSince === undefined) !== (hungSince === undefined);
    if (!changes) return;
    state.hungSince = hungSince;
    for (const follower of followers) follower(hungSince !== undefined);
  };
  return {
    hangs: () => state.hungSince !== undefined,
    lastHeard: () => state.hungSince ?? now(),
    hang: () => become(now()),
    resume: () => become(undefined),
    follow: (onChange) => void followers.push(onChange),
  };
};

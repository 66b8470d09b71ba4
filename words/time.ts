/**
 * Time: how a moment is written for people and for Kubernetes, `2026-01-31T12:00:00Z`.
 *
 * Owns: the spelling. Neighbours: status, events, Temporal's details and the sandbox write moments. Pure.
 */

/** `at` in epoch milliseconds, of which whole seconds are written. */
export const timeOf = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z');

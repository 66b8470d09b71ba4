/**
 * Garbage: how much of it Go programs may leave lying before they collect it.
 *
 * Owns: that setting, for every program of a sandbox that is written in Go. With 400 instead of Go's 100 an API server takes 3.2
 * CPU-seconds instead of 4.6 until fifteen seconds after it was ready, and 350 MiB instead of 270
 * (https://go.dev/doc/gc-guide#GOGC). Machines that ship have Go's own.
 */
export const GO_ENVIRONMENT = { GOGC: '400' } as const;

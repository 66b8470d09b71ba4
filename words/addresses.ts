/**
 * Addresses: how people name the place of Temporal in a setting.
 *
 * Owns: the form, which is no URL. Neighbours: worker and clients read settings, each from its own places. Pure.
 */

/** A host, of IPv6 in brackets, and perhaps a port. */
const HOST_AND_PORT = /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+)(:\d{1,5})?$/i;

/** What is wrong with an address of Temporal; undefined where nothing is. Other tools take a URL, and Temporal's own do not. */
export const addressProblem = (address: string): string | undefined =>
  HOST_AND_PORT.test(address) ? undefined : 'must be host:port, such as temporal.example.com:7233, and no URL';

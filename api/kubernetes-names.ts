/**
 * Kubernetes' names: the form of names, label keys and label values, once for who admits them and for who boots with them.
 *
 * Owns: the patterns, in the common subset of JavaScript's and RE2's syntax, and their lengths. Neighbours: `fields.ts` and
 * `nodepool.ts` put them into the CRDs, `machine/shape.ts` asks them of what a machine is told. If one of the two were stricter, a
 * machine could refuse what was admitted, and would be replaced for ever.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set. Pure.
 */

/** A form of text, and how long it may be. */
export type Form = { readonly pattern: RegExp; readonly longest: number };

const LABEL = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LONGEST_SUBDOMAIN = 253;
const NAME = '[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';

/** A DNS name as hosts and objects have it. */
export const DNS_NAME: Form = { pattern: new RegExp(`^${SUBDOMAIN}$`), longest: LONGEST_SUBDOMAIN };

/** A name that an AWSCluster or an AWSNodePool may have. */
export const OBJECT_NAME: Form = { pattern: DNS_NAME.pattern, longest: 63 };

/** Key of a label or a taint: a name of at most 63 characters, after a DNS name and a slash if it has a prefix. */
export const LABEL_KEY: Form = { pattern: new RegExp(`^(${SUBDOMAIN}/)?${NAME}$`), longest: LONGEST_SUBDOMAIN + 64 };

/** Value of a label or a taint; may be empty. */
export const LABEL_VALUE: Form = { pattern: new RegExp(`^(${NAME})?$`), longest: 63 };

/** Whether a text has the form. */
const isOf =
  ({ pattern, longest }: Form) =>
  (text: string): boolean =>
    text.length <= longest && pattern.test(text);

const hasShortPrefix = (key: string): boolean => key.indexOf('/') <= LONGEST_SUBDOMAIN;

export const isLabelKey = (key: string): boolean => isOf(LABEL_KEY)(key) && hasShortPrefix(key);
export const isLabelValue = isOf(LABEL_VALUE);

/** All rules. */
import { type Finding, finding } from '../finding.ts';
import type { Models } from '../models.ts';
import type { Request } from '../wire.ts';
import { AUTO_SCALING_RULES } from './auto-scaling.ts';
import { KEY_RULES } from './keys.ts';
import { LISTING_RULES } from './listings.ts';
import { LOAD_BALANCING_RULES } from './load-balancing.ts';
import { MACHINE_RULES } from './machines.ts';
import { NAME_RULES } from './names.ts';
import { applies, type Rule } from './rule.ts';
import { SECURITY_GROUP_RULES } from './security-groups.ts';
import { TAG_RULES } from './tags.ts';
import { VOLUME_RULES } from './volumes.ts';

export const RULES: readonly Rule[] = [
  ...TAG_RULES,
  ...NAME_RULES,
  ...LISTING_RULES,
  ...VOLUME_RULES,
  ...SECURITY_GROUP_RULES,
  ...MACHINE_RULES,
  ...AUTO_SCALING_RULES,
  ...LOAD_BALANCING_RULES,
  ...KEY_RULES,
];

/** All that AWS's documentation has against a request. */
export const byDocumentation = (models: Models, request: Request): readonly Finding[] =>
  RULES.filter((rule) => applies(rule, request)).flatMap(({ name, page, faults }) =>
    faults(request, () => models(request.service)).map((fault) => finding(name, page, fault)),
  );

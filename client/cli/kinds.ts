/** Kinds of objects as people type them, and as kubectl has them: singular, plural and the kind itself. */
import type { ObjectKind } from '../../api/object.ts';

const KINDS: Readonly<Record<string, ObjectKind>> = {
  cluster: 'AWSCluster',
  clusters: 'AWSCluster',
  awscluster: 'AWSCluster',
  awsclusters: 'AWSCluster',
  nodepool: 'AWSNodePool',
  nodepools: 'AWSNodePool',
  awsnodepool: 'AWSNodePool',
  awsnodepools: 'AWSNodePool',
};

export const KIND_WORDS: readonly string[] = Object.keys(KINDS);

/** Where no kind is typed, clusters are meant. */
export const kindOf = (word: string | undefined): ObjectKind => KINDS[word ?? ''] ?? 'AWSCluster';

/**
 * Storage classes: volumes of EBS, made in the zone where the Pod that wants them runs.
 *
 * Owns: the two classes that users of the original product know by name. Neighbour: the EBS CSI driver provisions.
 */
import type { KubernetesObject } from '../api/kubernetes-object.ts';
import type { Addon } from './manifest.ts';

const IS_DEFAULT = 'storageclass.kubernetes.io/is-default-class';

const storageClass = (name: string, parameters: Readonly<Record<string, string>>, isDefault: boolean) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations: { [IS_DEFAULT]: String(isDefault) } },
  provisioner: 'ebs.csi.aws.com',
  parameters,
  reclaimPolicy: 'Delete',
  allowVolumeExpansion: true,
  volumeBindingMode: 'WaitForFirstConsumer',
});

export const storageClasses: Addon = {
  name: 'storage-classes',
  parameters: () => ({}),
  objects: () => [
    storageClass('premium-rwo', { type: 'io1', iopsPerGB: '50' }, false),
    storageClass('standard-rwo', { type: 'gp2' }, true),
  ],
};

/** The default among an add-on's StorageClasses, and the CSI driver that has to be there for it. */
export const defaultStorage = (
  objects: readonly KubernetesObject[],
): { readonly storageClass: string; readonly driver: string } | undefined => {
  const found = objects.find(
    ({ kind, metadata }) => kind === 'StorageClass' && metadata.annotations?.[IS_DEFAULT] === 'true',
  );
  return found === undefined ? undefined : { storageClass: found.metadata.name, driver: String(found['provisioner']) };
};

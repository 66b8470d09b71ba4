/**
 * Storage classes: volumes of EBS, made in the zone where the Pod that wants them runs.
 *
 * Owns: the two classes that users of the original product know by name. Neighbour: the EBS CSI driver provisions.
 */
import { type AddonManifest, labelled } from './manifest.ts';

const storageClass = (name: string, parameters: Readonly<Record<string, string>>, isDefault: boolean) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) } },
  provisioner: 'ebs.csi.aws.com',
  parameters,
  reclaimPolicy: 'Delete',
  allowVolumeExpansion: true,
  volumeBindingMode: 'WaitForFirstConsumer',
});

export const storageClasses: AddonManifest = () =>
  labelled('storage-classes', [
    storageClass('premium-rwo', { type: 'io1', iopsPerGB: '50' }, false),
    storageClass('standard-rwo', { type: 'gp2' }, true),
  ]);

/**
 * The API server of a replica: its flags, its files, and how it leaves.
 *
 * Owns: that one component. Neighbours: `components.ts` has the others, `health-check.ts` what a load balancer must have time to
 * notice. Invariants: I5 (it knows its own etcd member only), I8 (no argument carries a secret).
 */
import type { Component, WarmUp } from './component.ts';
import { authenticationConfiguration, encryptionConfiguration } from './files.ts';
import { API_SERVER_CHECK, SHUTDOWN_DELAY_SECONDS, WATCH_GRACE_SECONDS } from './health-check.ts';
import { clientUrlOf } from './membership.ts';
import { API_SERVER_PORT } from './ports.ts';
import { binary, emulationFlag, pathsOf } from './programs.ts';
import type { ReplicaMachine } from './replica-machine.ts';

/** A request that is under way may take this long, by the API server's own default. */
const REQUEST_SECONDS = 60;
const API_SERVER_STOP_SECONDS = SHUTDOWN_DELAY_SECONDS + WATCH_GRACE_SECONDS + REQUEST_SECONDS;

/** How it passes users on to API servers behind it, and believes those before it. */
const aggregation = ({ directories }: ReplicaMachine): Readonly<Record<string, string>> => {
  const { certificate, key } = pathsOf(directories);
  return {
    'requestheader-client-ca-file': certificate('front-proxy-ca'),
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'proxy-client-cert-file': certificate('front-proxy-client'),
    'proxy-client-key-file': key('front-proxy-client'),
  };
};

/** As one who may see everything, for its caches. */
const everyCustomResource = ({ addresses, directories }: ReplicaMachine): WarmUp => {
  const { certificate, key } = pathsOf(directories);
  return {
    kind: 'custom-resources',
    server: `https://${addresses.fixed}:${API_SERVER_PORT}`,
    authorityFile: certificate('root-ca'),
    certificateFile: certificate('kube-controller-manager-client'),
    keyFile: key('kube-controller-manager-client'),
  };
};

export const apiServer = (machine: ReplicaMachine): Component => {
  const { configuration, addresses } = machine;
  const { certificate, key, file } = pathsOf(machine.directories);
  const issuer = `https://${configuration.endpoint}`;
  return {
    name: 'kube-apiserver',
    version: configuration.versions.kubernetes,
    program: binary('kube-apiserver', {
      'bind-address': addresses.fixed,
      'advertise-address': addresses.fixed,
      'secure-port': API_SERVER_PORT,
      'endpoint-reconciler-type': machine.differences.endpointReconciler ?? 'lease',
      // Only its own member: a replica whose etcd is gone leaves the load balancer.
      'etcd-servers': clientUrlOf(addresses.fixed),
      'etcd-cafile': certificate('etcd-ca'),
      'etcd-certfile': certificate('kube-apiserver-etcd-client'),
      'etcd-keyfile': key('kube-apiserver-etcd-client'),
      'client-ca-file': certificate('root-ca'),
      'tls-cert-file': certificate('kube-apiserver'),
      'tls-private-key-file': key('kube-apiserver'),
      'tls-min-version': 'VersionTLS12',
      'authorization-mode': 'Node,RBAC',
      'authentication-config': file('authentication.yaml'),
      'enable-admission-plugins': 'NodeRestriction',
      'enable-bootstrap-token-auth': true,
      'service-account-issuer': issuer,
      'api-audiences': issuer,
      'service-account-jwks-uri': `${issuer}/openid/v1/jwks`,
      'service-account-key-file': `${machine.directories.certificates}/service-account.pub`,
      'service-account-signing-key-file': key('service-account'),
      'service-cluster-ip-range': configuration.serviceCidr,
      ...aggregation(machine),
      'kubelet-certificate-authority': certificate('root-ca'),
      'kubelet-client-certificate': certificate('kube-apiserver-kubelet-client'),
      'kubelet-client-key': key('kube-apiserver-kubelet-client'),
      'kubelet-preferred-address-types': 'InternalIP,InternalDNS,Hostname',
      'encryption-provider-config': file('encryption.yaml'),
      // Told to stop, it is not ready and serves on until the load balancer has noticed.
      'shutdown-delay-duration': `${SHUTDOWN_DELAY_SECONDS}s`,
      // Then whoever still comes over an old connection is sent elsewhere by a 429 that clients try again, and watches are
      // ended. Without these two it waits a whole minute for watches that nobody ends (kubernetes/kubernetes#131052).
      'shutdown-send-retry-after': true,
      'shutdown-watch-termination-grace-period': `${WATCH_GRACE_SECONDS}s`,
      profiling: false,
      ...emulationFlag(machine),
    }),
    files: [
      { path: file('authentication.yaml'), content: authenticationConfiguration(), mode: 0o600 },
      { path: file('encryption.yaml'), content: encryptionConfiguration(machine.kmsSocket), mode: 0o600 },
    ],
    probe: { scheme: 'https', host: addresses.fixed, port: API_SERVER_PORT, path: API_SERVER_CHECK.path },
    warmUp: everyCustomResource(machine),
    after: ['etcd', 'kms-plugin'],
    stopSeconds: API_SERVER_STOP_SECONDS,
  };
};

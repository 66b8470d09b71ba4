/**
 * Chapter: Services of type LoadBalancer, which the cloud controller of the cluster serves in AWS. Two go with their
 * Services, one is left for the cluster’s deletion.
 */
import { describe, expect, test } from '@jest/globals';
import { UNHURRIED, waitFor } from '../../support/wait.ts';
import type { Tell } from '../story.ts';

const service = (name: string, annotations: object) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations },
    spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
  });

export const services: Tell = (story) => {
  describe('a Service of type LoadBalancer', () => {
    const hostname = (name: string) =>
      waitFor(
        `a load balancer for Service ${name}`,
        async () =>
          (await story().journey.user(
            ...['get', 'service', name, '-o', 'jsonpath={.status.loadBalancer.ingress[0].hostname}'],
          )) || undefined,
        UNHURRIED,
      );

    test('gets a load balancer in AWS, and takes it away with itself', async () => {
      const { journey } = story();
      const apply = (manifest: string) =>
        journey.sandbox.kubectl(['apply', '-f', '-'], { kubeconfig: journey.userKubeconfig, input: manifest });
      await apply(service('classic', {}));
      await apply(service('network', { 'service.beta.kubernetes.io/aws-load-balancer-type': 'nlb' }));
      await apply(service('left', {}));
      for (const name of ['classic', 'network', 'left']) expect(await hostname(name)).toContain('.elb.');
      const before = JSON.stringify(await journey.inventory());
      // Their finalizer is the cloud controller's: gone means that AWS has them no more.
      await journey.user('delete', 'service', 'classic', 'network', '--timeout=10m');
      expect(JSON.stringify(await journey.inventory())).not.toEqual(before);
    });
  });
};

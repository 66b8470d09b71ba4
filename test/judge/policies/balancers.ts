/** Balancers: what load balancing, of both generations, asks IAM for. */
import { textIn, textsIn } from '../parameters.ts';
import type { Asking } from './asked.ts';
import { arn, type Context, firstUse, givenTags, ownTags, type Question, question } from './question.ts';
import { tagsIn } from './tags.ts';

/** Ids in ARNs, and the names of what the cloud controller made, say nothing. */
const resourceOf = (path: string): readonly [string, string] => {
  const [kind = '', family] = path.split('/');
  const type = kind === 'targetgroup' ? kind : family === 'net' || family === 'app' ? `${kind}/${family}` : kind;
  const anonymous = path
    .replaceAll(/\/[0-9a-f]{16}(?=$|\/)/g, '/0')
    .replace(/\/(a[0-9a-f]{31}|k8s-[\w-]+)(?=$|\/)/, '/of-a-service');
  return [type, arn('elasticloadbalancing', anonymous)];
};

const pathOf = (one: string): string => one.split(':').slice(5).join(':');

const MAKES: Readonly<Record<string, (name: string) => string>> = {
  'elb CreateLoadBalancer': (name) => `loadbalancer/${name}`,
  'elbv2 CreateLoadBalancer': (name) => `loadbalancer/net/${name}/0`,
  'elbv2 CreateTargetGroup': (name) => `targetgroup/${name}/0`,
};

const NAMING = ['TargetGroupArn', 'ListenerArn', 'LoadBalancerArn'];

const firstOf = ({ request: { service, parameters } }: Asking): string | undefined => {
  const found = NAMING.map((name) => textIn(parameters, name)).find((one) => one !== undefined);
  if (found !== undefined) return found;
  return service === 'elb' ? textIn(parameters, 'LoadBalancerName') : undefined;
};

/** Made with tags is tagged, and a listener is tagged as what it is, while it is made of its load balancer. */
const tagging = ({ request, role }: Asking, path: string, given: Context): readonly Question[] => {
  if (Object.keys(given).length === 0) return [];
  const tagged = request.operation === 'CreateListener' ? `${path.replace(/^loadbalancer/, 'listener')}/0` : path;
  const circumstances = { ...given, 'elasticloadbalancing:CreateAction': request.operation };
  return [question(role, 'elasticloadbalancing:AddTags', resourceOf(tagged), circumstances)];
};

export const balancingQuestions = (asking: Asking): readonly Question[] => {
  const { request, role, tagsOf } = asking;
  const { service, operation, parameters } = request;
  const action = `elasticloadbalancing:${operation}`;
  const given = givenTags(tagsIn(parameters));
  const making = MAKES[`${service} ${operation}`];
  if (making !== undefined) {
    const path = making(textIn(parameters, 'Name') ?? textIn(parameters, 'LoadBalancerName') ?? '');
    return [
      question(role, action, resourceOf(path), given),
      ...tagging(asking, path, given),
      ...(operation === 'CreateLoadBalancer'
        ? [firstUse(role, 'elasticloadbalancing', 'AWSServiceRoleForElasticLoadBalancing')]
        : []),
    ];
  }
  const about = textsIn(parameters, 'ResourceArns');
  const first = firstOf(asking);
  const things = first === undefined ? about : [first];
  if (things.length === 0)
    throw new Error(`What does AWS check for ${action}? Say so in test/judge/policies/balancers.ts.`);
  return things.flatMap((one) => {
    const path = service === 'elb' ? `loadbalancer/${one}` : pathOf(one);
    const keys = textsIn(parameters, 'TagKeys');
    const circumstances = { ...given, ...(keys.length > 0 ? { 'aws:TagKeys': keys } : {}), ...ownTags(tagsOf(one)) };
    return [
      question(role, action, resourceOf(path), circumstances),
      ...(operation === 'CreateListener' ? tagging(asking, path, given) : []),
    ];
  });
};

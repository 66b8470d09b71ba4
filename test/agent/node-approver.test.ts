import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runNodeApprover } from '../../agent/node-approver.ts';
import { makeServerCertificates } from '../support/certificates.ts';
import { waitFor } from '../support/wait.ts';
import { accountOf, CLUSTER, recordedLog } from './doubles.ts';

const HOST = '127.0.0.1';

describe('The node approver', () => {
  let folder: string;
  let server: Server;
  let stopping: AbortController;
  let running: Promise<void>;
  /** When the approver listed the requests: whenever it begins anew. */
  let lists: number[];
  let answerWatch: (response: ServerResponse) => void;
  const { log, messages } = recordedLog();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-approver-'));
    const { authority, certificate, key } = await makeServerCertificates(HOST);
    await Promise.all([
      writeFile(join(folder, 'authority.pem'), authority),
      writeFile(join(folder, 'key.pem'), key),
      writeFile(join(folder, 'certificate.pem'), certificate),
    ]);
    lists = [];
    answerWatch = (response) => response.write('');
    server = createServer({ cert: certificate, key }, (request, response) => {
      if (request.url?.includes('watch=1')) {
        response.writeHead(200);
        answerWatch(response);
        return;
      }
      lists.push(Date.now());
      response.end(JSON.stringify({ metadata: { resourceVersion: '7' }, items: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    stopping = new AbortController();
  });
  afterEach(async () => {
    stopping.abort(new Error('the test is over'));
    await running;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  const run = (): void => {
    running = runNodeApprover(
      {
        server: `https://${HOST}:${(server.address() as AddressInfo).port}`,
        certificateFile: join(folder, 'certificate.pem'),
        keyFile: join(folder, 'key.pem'),
        authorityFile: join(folder, 'authority.pem'),
        clusterId: CLUSTER,
        index: 0,
        ec2: accountOf({}).ec2,
        log,
      },
      stopping.signal,
    );
  };
  const said = (part: string) =>
    waitFor(`it says: ${part}`, () => Promise.resolve(messages().find((one) => one.includes(part))));
  const listed = (times: number) =>
    waitFor(`it listed ${times} times`, () => Promise.resolve(lists.length >= times || undefined));
  const event = (object: object) => `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', ...object } })}\n`;

  test.each([
    ['that ends as soon as it began', '', 'the watch ended as soon as it began'],
    [
      'that reports an error',
      event({ code: 500, message: 'etcd is away' }),
      'refused to watch certificatesigningrequests: etcd is away',
    ],
    ['whose version is too old', event({ code: 410, message: 'too old' }), undefined],
  ])('after a watch %s lists again, but not at once', async (_what, answer, says) => {
    answerWatch = (response) => response.end(answer);
    run();
    await listed(2);
    const [first = 0, second = 0] = lists;
    expect(second - first).toBeGreaterThanOrEqual(900);
    if (says === undefined) expect(messages().filter((one) => one.includes('too old'))).toEqual([]);
    else await said(says);
  });

  test('whose certificate cannot be read tries again until it can be', async () => {
    const path = join(folder, 'certificate.pem');
    await rename(path, `${path}.away`);
    run();
    await said('ENOENT');
    expect(lists).toEqual([]);
    await rename(`${path}.away`, path);
    await listed(1);
  });
});

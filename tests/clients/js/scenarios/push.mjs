// Webhooks: their configurations, and what is delivered to them.

import { randomUUID } from 'node:crypto';
import {
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  ListTaskPushNotificationConfigsRequest,
  StreamResponse,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk';
import { RequestMalformedError, TaskNotFoundError } from '@a2a-js/sdk/errors';
import {
  NOWHERE,
  WHOLE,
  artifactUpdates,
  collect,
  modern,
  taskOf,
  texts,
  words,
} from '../agent.mjs';
import { Checks, equal, holds } from '../checks.mjs';
import { withWebhook } from '../webhook.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);

/** Is stored, and never reached: what is tested with it ends before anything is delivered. */
const FAR = 'https://example.com/hook';

const delivers = (agent) => agent.delivers;
const deliversModern = (agent) => agent.delivers && modern(agent);
const deliversOld = (agent) => agent.delivers && !modern(agent);

const create = ({ client }, taskId, fields) =>
  client.createTaskPushNotificationConfig(
    TaskPushNotificationConfig.fromJSON({ taskId, url: FAR, ...fields }),
  );
const read = ({ client }, taskId, id) =>
  client.getTaskPushNotificationConfig(
    GetTaskPushNotificationConfigRequest.fromJSON({ taskId, id }),
  );
const list = async ({ client }, taskId) => {
  const request = ListTaskPushNotificationConfigsRequest.fromJSON({ taskId });
  return (await client.listTaskPushNotificationConfig(request)).configs;
};
const remove = ({ client }, taskId, id) =>
  client.deleteTaskPushNotificationConfig(
    DeleteTaskPushNotificationConfigRequest.fromJSON({ taskId, id }),
  );
/** A task that does nothing, so that nothing is delivered meanwhile. */
const waiting = async (agent) => (await agent.send('tck-input-required')).id;

check('push: a configuration is created, and read as it was created', async (agent) => {
  const task = await waiting(agent);
  const authentication = { scheme: 'Bearer', credentials: 'secret' };
  const created = await create(agent, task, { id: 'mine', token: 'token', authentication });
  equal([created.taskId, created.id, created.url], [task, 'mine', FAR], 'what was created');
  equal(created.authentication.scheme, 'Bearer', 'the scheme');
  equal(await read(agent, task, 'mine'), created, 'what is read');
});

check('push: without an id it is given one', async (agent) => {
  const task = await waiting(agent);
  const { id } = await create(agent, task, {});
  holds(id, 'no id');
  equal((await read(agent, task, id)).url, FAR, 'url');
});

check('push: the same id again replaces the configuration', async (agent) => {
  const task = await waiting(agent);
  await create(agent, task, { id: 'mine' });
  await create(agent, task, { id: 'mine', url: `${FAR}/2` });
  equal((await read(agent, task, 'mine')).url, `${FAR}/2`, 'url');
});

check('push: all are listed', async (agent) => {
  const task = await waiting(agent);
  equal(await list(agent, task), [], 'before any was created');
  for (const id of ['a', 'b', 'c']) await create(agent, task, { id, url: `${FAR}/${id}` });
  const found = (await list(agent, task)).map((c) => `${c.taskId} ${c.id} ${c.url}`);
  const expected = ['a', 'b', 'c'].map((id) => `${task} ${id} ${FAR}/${id}`);
  equal(found.sort(), expected, 'what is listed');
});

check('push: a deleted one is gone', async (agent) => {
  const task = await waiting(agent);
  await create(agent, task, { id: 'a' });
  await create(agent, task, { id: 'b' });
  await remove(agent, task, 'b');
  await remove(agent, task, 'b'); // It is idempotent.
  equal(
    (await list(agent, task)).map((c) => c.id),
    ['a'],
    'what is left',
  );
  await agent.refused(TaskNotFoundError, read(agent, task, 'b'), 'reading the deleted one');
});

check('push: for an unknown task everything is refused', async (agent) => {
  await agent.refused(TaskNotFoundError, create(agent, NOWHERE, {}), 'creating');
  await agent.refused(TaskNotFoundError, read(agent, NOWHERE, 'mine'), 'reading');
  await agent.refused(TaskNotFoundError, list(agent, NOWHERE), 'listing');
});

check('push: a url that is none is refused', async (agent) => {
  const task = await waiting(agent);
  for (const url of ['not a url', 'ftp://example.com/hook']) {
    await agent.refused(RequestMalformedError, create(agent, task, { url }), url);
  }
});

const said = (delivery) => JSON.stringify(delivery.body);
/** Whether the end of the task was delivered, in whichever form. */
const ended = (deliveries) =>
  deliveries.some((d) => d.status === 200 && /completed/i.test(said(d)));
/** A task of which nothing is done when the webhook is registered. */
const runWithWebhook = async (agent, webhook) => {
  const { id } = await agent.send('tck-slow-5', 'hi', { returnImmediately: true });
  const authentication = { scheme: 'Bearer', credentials: 'from-the-client' };
  await create(agent, id, { url: webhook.url(), token: 'a-token', authentication });
  return id;
};

check(
  'push: the token and the credentials are delivered with every event',
  (agent) =>
    withWebhook(async (webhook) => {
      await runWithWebhook(agent, webhook);
      const deliveries = await webhook.until(ended);
      holds(deliveries.length > 1, 'only the end was delivered');
      for (const { headers } of deliveries) {
        equal(headers.authorization, 'Bearer from-the-client', 'Authorization');
        equal(headers['x-a2a-notification-token'], 'a-token', 'X-A2A-Notification-Token');
      }
    }),
  delivers,
);

check(
  'push: what is delivered are the events of the task, in order',
  (agent) =>
    withWebhook(async (webhook) => {
      const id = await runWithWebhook(agent, webhook);
      const deliveries = await webhook.until(ended);
      for (const { body } of deliveries) equal(Object.keys(body).length, 1, 'members of a body');
      const events = deliveries.map(({ body }) => StreamResponse.fromJSON(body));
      equal(words(events).at(-1), 'COMPLETED', 'the last event');
      equal([...new Set(events.map(taskOf))], [id], 'the task of the events');
      const chunks = artifactUpdates(events)
        .map((update) => texts(update.artifact.parts))
        .join('');
      holds(chunks && WHOLE.endsWith(chunks), `the chunks are ${chunks}`);
    }),
  deliversModern,
);

check(
  'push: a webhook of 0.3 is told the task in the form of 0.3',
  (agent) =>
    withWebhook(async (webhook) => {
      const id = await runWithWebhook(agent, webhook);
      const bodies = (await webhook.until(ended)).map(({ body }) => body);
      equal([...new Set(bodies.map((body) => body.kind))], ['task'], 'kinds');
      equal([...new Set(bodies.map((body) => body.id))], [id], 'tasks');
      equal(bodies.at(-1).status.state, 'completed', 'the last state');
    }),
  deliversOld,
);

check(
  'push: a webhook that is sent with the message is told everything',
  (agent) =>
    withWebhook(async (webhook) => {
      const token = randomUUID();
      const taskPushNotificationConfig = { url: webhook.url(), token };
      const sent = await agent.send('tck-artifact-text', 'hi', { taskPushNotificationConfig });
      const deliveries = await webhook.until(ended);
      const tokens = new Set(deliveries.map((d) => d.headers['x-a2a-notification-token']));
      equal([...tokens], [token], 'tokens');
      holds(said(deliveries.at(-1)).includes(sent.id), 'the end of another task');
      holds(deliveries.map(said).join().includes('Generated text content'), 'no artifact');
      equal(
        (await list(agent, sent.id)).map((c) => c.url),
        [webhook.url()],
        'what is listed',
      );
    }),
  delivers,
);

check(
  'push: a webhook that is streamed to is told too',
  (agent) =>
    withWebhook(async (webhook) => {
      const taskPushNotificationConfig = { url: webhook.url() };
      const events = await collect(
        agent.stream('tck-stream-001', 'hi', { taskPushNotificationConfig }),
      );
      equal(words(events).at(-1), 'COMPLETED', 'the last event of the stream');
      await webhook.until(ended);
    }),
  delivers,
);

// What goes with every call: extensions and tenants.

import { randomUUID } from 'node:crypto';
import { CancelTaskRequest, SubscribeToTaskRequest } from '@a2a-js/sdk';
import { ServiceParameters, withA2AExtensions } from '@a2a-js/sdk/client';
import { TaskNotFoundError } from '@a2a-js/sdk/errors';
import { asking, collect, modern, state, words } from '../agent.mjs';
import { Checks, equal } from '../checks.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);

check('extensions: those that the agent does not know change nothing', async ({ client }) => {
  const unknown = ['urn:test:one', 'https://example.com/extensions/two/v1'];
  const options = { serviceParameters: ServiceParameters.create(withA2AExtensions(unknown)) };
  const task = await client.sendMessage(asking('tck-complete-task'), options);
  equal(state(task), 'COMPLETED', 'state');
  const events = await collect(client.sendMessageStream(asking('tck-stream-001'), options));
  equal(words(events).at(-1), 'COMPLETED', 'the end of the stream');
});

check(
  'tenant: its tasks are seen with it, and not without it or with another',
  async (agent) => {
    const tenant = `tenant-${randomUUID()}`;
    const { id } = await agent.send('tck-input-required', 'hi', { tenant });
    equal((await agent.get(id, undefined, tenant)).id, id, 'read with the tenant');
    for (const other of ['', `${tenant}-2`]) {
      const as = (what) => `${what} as "${other}"`;
      const named = { id, tenant: other };
      const missing = (call, what) => agent.refused(TaskNotFoundError, call, as(what));
      await missing(agent.get(id, undefined, other), 'reading');
      await missing(agent.client.cancelTask(CancelTaskRequest.fromJSON(named)), 'canceling');
      const subscription = SubscribeToTaskRequest.fromJSON(named);
      await missing(collect(agent.client.resubscribeTask(subscription)), 'subscribing');
      const answer = { task: id, tenant: other };
      await missing(agent.send('tck-complete-task', 'hi', answer), 'continuing');
    }
    const done = await agent.send('tck-complete-task', 'hi', { task: id, tenant });
    equal([done.id, state(done)], [id, 'COMPLETED'], 'continued with the tenant');
  },
  modern,
);

check(
  'tenant: only its tasks are listed',
  async (agent) => {
    const [tenant, context] = [`tenant-${randomUUID()}`, randomUUID()];
    const inside = await agent.send('tck-complete-task', 'hi', { context, tenant });
    const outside = await agent.send('tck-complete-task', 'hi', { context });
    for (const [name, { id }] of [
      [tenant, inside],
      ['', outside],
    ]) {
      const page = await agent.list({ contextId: context, tenant: name });
      equal([page.totalSize, page.tasks[0]?.id], [1, id], `the tasks of "${name}"`);
    }
  },
  modern,
);

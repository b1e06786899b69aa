// What is asked about tasks that exist: get, list, cancel.

import { randomUUID } from 'node:crypto';
import { TaskState, taskStateToJSON } from '@a2a-js/sdk';
import {
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
} from '@a2a-js/sdk/errors';
import { NOWHERE, content, modern, state, texts } from '../agent.mjs';
import { Checks, equal, holds } from '../checks.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);

check('get: is what the send answered', async (agent) => {
  for (const prefix of ['tck-complete-task', 'tck-artifact-data', 'tck-reject-task']) {
    const sent = await agent.send(prefix);
    equal(await agent.get(sent.id), sent, prefix);
  }
});

check('get: historyLength keeps the newest messages', async (agent) => {
  const { id } = await agent.send('tck-input-required', 'first');
  await agent.send('tck-complete-task', 'second', { task: id });
  const whole = (await agent.get(id)).history;
  holds(whole.length >= 2, `${whole.length} messages are stored`);
  // In 0.3 this is no limit.
  if (modern(agent)) equal((await agent.get(id, 0)).history.length, 0, 'messages with 0');
  const one = (await agent.get(id, 1)).history;
  equal(
    one.map((m) => m.messageId),
    [whole.at(-1).messageId],
    'the newest message',
  );
});

check('get: an unknown task, and a negative historyLength, are refused', async (agent) => {
  await agent.refused(TaskNotFoundError, agent.get(NOWHERE), 'unknown');
  const { id } = await agent.send('tck-complete-task');
  await agent.refused(RequestMalformedError, agent.get(id, -1), 'negative');
});

check(
  'list: every task of a context once, newest first, page by page',
  async (agent) => {
    const contextId = randomUUID();
    const ids = new Set();
    for (let n = 0; n < 7; n += 1) {
      ids.add((await agent.send('tck-artifact-text', 'hi', { context: contextId })).id);
    }
    for (const [pageSize, lengths] of [
      [3, [3, 3, 1]],
      [7, [7]],
      [100, [7]],
    ]) {
      const pages = [];
      let pageToken;
      do {
        const page = await agent.list({ contextId, pageSize, pageToken });
        equal([page.pageSize, page.totalSize], [pageSize, 7], 'page size and total');
        pages.push(page);
        pageToken = page.nextPageToken;
      } while (pageToken && pages.length < 50);
      equal(
        pages.map((page) => page.tasks.length),
        lengths,
        `pages of ${pageSize}`,
      );
      const tasks = pages.flatMap((page) => page.tasks);
      equal(new Set(tasks.map((task) => task.id)), ids, `tasks in pages of ${pageSize}`);
      const times = tasks.map((task) => new Date(task.status.timestamp).getTime());
      equal(
        times,
        times.toSorted((a, b) => b - a),
        'timestamps',
      );
      holds(!tasks.some((task) => task.artifacts.length), 'artifacts were not asked for');
    }
  },
  modern,
);

check(
  'list: by state, with artifacts, without history',
  async (agent) => {
    const contextId = randomUUID();
    const done = await agent.send('tck-artifact-text', 'hi', { context: contextId });
    const waiting = await agent.send('tck-input-required', 'hi', { context: contextId });
    for (const [status, id] of [
      [TaskState.TASK_STATE_COMPLETED, done.id],
      [TaskState.TASK_STATE_INPUT_REQUIRED, waiting.id],
    ]) {
      const page = await agent.list({ contextId, status });
      equal(
        page.tasks.map((task) => task.id),
        [id],
        taskStateToJSON(status),
      );
      equal(page.totalSize, 1, 'total');
    }
    const status = 'TASK_STATE_COMPLETED';
    const page = await agent.list({ contextId, status, includeArtifacts: true, historyLength: 0 });
    equal(texts(page.tasks[0].artifacts[0].parts), 'Generated text content', 'artifact');
    equal(page.tasks[0].history, [], 'history');
    const since = new Date(Date.now() + 3_600_000).toISOString();
    const later = await agent.list({ contextId, statusTimestampAfter: since });
    equal([later.tasks.length, later.totalSize], [0, 0], 'tasks of the future');
  },
  modern,
);

check(
  'list: page sizes and tokens that cannot be are refused',
  async (agent) => {
    for (const pageSize of [0, -1, 101]) {
      await agent.refused(RequestMalformedError, agent.list({ pageSize }), `page size ${pageSize}`);
    }
    await agent.refused(RequestMalformedError, agent.list({ pageToken: '%%%' }), 'page token');
  },
  modern,
);

check('cancel: a running task is canceled and stays so', async (agent) => {
  const { id } = await agent.send('test-resubscribe-message-id', 'hi', { returnImmediately: true });
  equal(state(await agent.cancel(id)), 'CANCELED', 'the answer');
  equal(state(await agent.get(id)), 'CANCELED', 'state afterwards');
  await agent.refused(TaskNotCancelableError, agent.cancel(id), 'canceling again');
});

check('cancel: a finished and an unknown task are refused', async (agent) => {
  const { id } = await agent.send('tck-complete-task');
  await agent.refused(TaskNotCancelableError, agent.cancel(id), 'finished');
  await agent.refused(TaskNotFoundError, agent.cancel(NOWHERE), 'unknown');
});

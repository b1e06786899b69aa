// Sending, and conversations of several turns.

import { randomUUID } from 'node:crypto';
import { Role } from '@a2a-js/sdk';
import {
  RequestMalformedError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import {
  NOWHERE,
  WHOLE,
  asking,
  bytesOf,
  content,
  oldRest,
  state,
  texts,
  userTexts,
} from '../agent.mjs';
import { Checks, equal, holds } from '../checks.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);

check('send: waits until the task is completed', async (agent) => {
  const request = asking('tck-complete-task', 'what I said');
  const task = await agent.client.sendMessage(request);
  equal(state(task), 'COMPLETED', 'state');
  equal(texts(task.status.message.parts), 'Hello from TCK', 'what the agent said');
  equal(task.status.message.role, Role.ROLE_AGENT, 'who said it');
  holds(task.id && task.contextId, 'no task id or no context id');
  const age = Math.abs(Date.now() - new Date(task.status.timestamp).getTime());
  holds(age < 120_000, 'the timestamp is not now');
  equal(task.history[0].messageId, request.message.messageId, "the first message's id");
  equal(texts(task.history[0].parts), 'what I said', "the first message's text");
});

check("send: keeps the client's contextId", async (agent) => {
  const context = `context-${randomUUID()}`;
  equal((await agent.send('tck-complete-task', 'hi', { context })).contextId, context, 'context');
});

check('send: returnImmediately answers before the work is done, and it goes on', async (agent) => {
  const task = await agent.send('tck-slow-1', 'hi', { returnImmediately: true });
  holds(['SUBMITTED', 'WORKING'].includes(state(task)), `the first answer is ${state(task)}`);
  const done = await agent.reaches(task.id, 'COMPLETED');
  equal(texts(done.artifacts[0].parts), WHOLE, 'the whole artifact');
});

check('send: an agent may answer with a message instead of a task', async (agent) => {
  const message = await agent.client.sendMessage(asking('tck-message-response'));
  holds(!message.status, 'a task instead of a message');
  equal(texts(message.parts), 'Direct message response', 'text');
  equal(message.role, Role.ROLE_AGENT, 'role');
  holds(message.messageId && message.contextId, 'no message id or context id');
});

check('send: a rejected task, and one that waits for input', async (agent) => {
  equal(state(await agent.send('tck-reject-task')), 'REJECTED', 'state');
  equal(state(await agent.send('tck-input-required')), 'INPUT_REQUIRED', 'state');
});

check('send: artifacts of text, data and files', async (agent) => {
  const only = async (prefix) => {
    const task = await agent.send(prefix);
    equal(state(task), 'COMPLETED', `state of ${prefix}`);
    equal(task.artifacts.length, 1, `artifacts of ${prefix}`);
    return task.artifacts[0].parts[0];
  };
  equal(content(await only('tck-artifact-text'), 'text'), 'Generated text content', 'text');
  const data = content(await only('tck-artifact-data'), 'data');
  equal(data, { key: 'value', count: 42 }, 'data');
  const file = await only('tck-artifact-file');
  equal(bytesOf(agent, file).toString(), 'tck', 'bytes');
  equal(file.mediaType, 'text/plain', 'type');
  if (!oldRest(agent)) equal(file.filename, 'output.txt', 'name');
  const link = await only('tck-artifact-file-url');
  equal(content(link, 'url'), 'https://example.com/output.txt', 'url');
});

check('send: what the user sent is kept exactly', async (agent) => {
  const said = 'naïve — 東京 🛰️ \u202eright to left\u202c e\u0301 \\ "quoted"\n\ttabbed \u2028';
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const value = { big: 9007199254740991, nested: [1, [2, { three: null }]], yes: true, '': '' };
  const parts = [
    { text: said },
    { raw: bytes.toString('base64'), filename: 'ünï.bin', mediaType: 'application/octet-stream' },
    { data: value },
    { url: 'https://example.com/a%20b?c=d#e', mediaType: 'text/csv' },
  ];
  const sent = await agent.send('tck-complete-task', '', { parts });
  const [stored] = (await agent.get(sent.id)).history;
  equal(stored.parts.length, parts.length, 'parts');
  equal(content(stored.parts[0], 'text'), said, 'text');
  equal(bytesOf(agent, stored.parts[1]).equals(bytes), true, 'bytes');
  if (!oldRest(agent)) equal(stored.parts[1].filename, 'ünï.bin', 'file name');
  equal(content(stored.parts[2], 'data'), value, 'data');
  equal(content(stored.parts[3], 'url'), parts[3].url, 'url');
});

check('send: the same message id with another text is another message', async (agent) => {
  const messageId = `tck-complete-task-${randomUUID()}`;
  const first = await agent.send('', 'one', { messageId });
  const second = await agent.send('', 'two', { messageId });
  holds(first.id !== second.id, 'both messages are in one task');
});

check('send: twenty at once are twenty tasks', async (agent) => {
  const context = randomUUID();
  const numbers = Array.from({ length: 20 }, (_, n) => `${n}`);
  const tasks = await Promise.all(
    numbers.map((n) => agent.send('tck-complete-task', n, { context })),
  );
  equal(new Set(tasks.map((task) => task.id)).size, 20, 'different tasks');
  equal(
    tasks.map((task) => texts(task.history[0].parts)),
    numbers,
    'texts',
  );
  equal((await agent.list({ contextId: context })).totalSize, 20, 'stored tasks');
});

check('send: to a finished or an unknown task is refused', async (agent) => {
  const { id } = await agent.send('tck-complete-task');
  await agent.refused(
    UnsupportedOperationError,
    agent.send('tck-complete-task', 'hi', { task: id }),
    'finished',
  );
  equal(state(await agent.get(id)), 'COMPLETED', 'state afterwards');
  await agent.refused(
    TaskNotFoundError,
    agent.send('tck-complete-task', 'hi', { task: NOWHERE }),
    'unknown',
  );
});

check('send: a message without parts is refused', async (agent) => {
  await agent.refused(
    RequestMalformedError,
    agent.send('tck-complete-task', 'hi', { parts: [] }),
    'sending',
  );
});

check('turns: the answer continues the task, named by its id alone', async (agent) => {
  const asked = await agent.send('tck-input-required', 'first');
  const done = await agent.send('tck-complete-task', 'second', { task: asked.id });
  equal([done.id, done.contextId], [asked.id, asked.contextId], 'task and context');
  equal(state(done), 'COMPLETED', 'state');
  equal(userTexts(await agent.get(asked.id)), ['first', 'second'], "the user's messages");
});

check("turns: another context than the task's is refused", async (agent) => {
  const { id } = await agent.send('tck-input-required');
  await agent.refused(
    RequestMalformedError,
    agent.send('tck-complete-task', 'hi', { task: id, context: randomUUID() }),
    'sending',
  );
  equal(state(await agent.get(id)), 'INPUT_REQUIRED', 'state afterwards');
});

// Streams: of a message just sent, and of a task that runs already.

import { TaskNotFoundError, UnsupportedOperationError } from '@a2a-js/sdk/errors';
import {
  NOWHERE,
  WHOLE,
  appended,
  artifactUpdates,
  collect,
  state,
  subscription,
  taskOf,
  texts,
  words,
} from '../agent.mjs';
import { Checks, equal, holds } from '../checks.mjs';

export const checks = new Checks();
const check = (...described) => checks.add(...described);

check('stream: the task first, then every event in order, then the end', async (agent) => {
  const events = await collect(agent.stream('tck-stream-001'));
  const [first, ...rest] = words(events);
  equal(first, 'task', 'the first event');
  equal(
    rest.filter((word) => word !== 'SUBMITTED'),
    ['WORKING', 'artifactUpdate', 'COMPLETED'],
    'events',
  );
  holds(
    ['SUBMITTED', 'WORKING'].includes(state(events[0].payload.value)),
    'the first event shows a later state',
  );
  equal(new Set(events.map(taskOf)).size, 1, 'task ids');
  equal(texts(artifactUpdates(events)[0].artifact.parts), 'Stream hello from TCK', 'artifact');
});

check('stream: what was streamed is what is stored', async (agent) => {
  const events = await collect(agent.stream('tck-stream-artifact-chunked'));
  const chunks = artifactUpdates(events);
  const last = chunks.map((chunk) => chunk.lastChunk);
  equal(last, [false, true], 'which chunk is the last');
  equal(appended(agent, chunks) ?? last, [false, true], 'which chunk adds to the artifact');
  const stored = await agent.get(taskOf(events[0]));
  equal(stored.artifacts.length, 1, 'stored artifacts');
  const streamed = chunks.map((c) => texts(c.artifact.parts)).join('');
  equal(texts(stored.artifacts[0].parts), streamed, 'stored text');
});

check('stream: a direct message is the only event', async (agent) => {
  const events = await collect(agent.stream('tck-message-response'));
  equal(words(events), ['message'], 'events');
});

check('stream: ends when input is required', async (agent) => {
  const seen = words(await collect(agent.stream('tck-input-required')));
  equal([seen[0], seen.at(-1)], ['task', 'INPUT_REQUIRED'], 'first and last event');
});

check('stream: events arrive while the work goes on', async (agent) => {
  const arrived = [];
  for await (const _ of agent.stream('tck-slow-2')) arrived.push(performance.now());
  const spread = arrived.at(-1) - arrived[0];
  holds(spread > 1000, `${arrived.length} events arrived within ${spread} ms of two seconds' work`);
});

check('stream: a client that goes away does not stop the work', async (agent) => {
  let id;
  for await (const event of agent.stream('tck-slow-3')) {
    id = taskOf(event);
    if (event.payload.$case === 'artifactUpdate') break;
  }
  const done = await agent.reaches(id, 'COMPLETED');
  equal(texts(done.artifacts[0].parts), WHOLE, 'the whole artifact');
});

check('stream: to a finished or unknown task is refused', async (agent) => {
  const { id } = await agent.send('tck-complete-task');
  const sending = (task) => collect(agent.stream('tck-stream-001', 'hi', { task }));
  await agent.refused(UnsupportedOperationError, sending(id), 'finished');
  await agent.refused(TaskNotFoundError, sending(NOWHERE), 'unknown');
});

check('subscribe: a second connection sees the snapshot, then the same events', async (agent) => {
  const first = [];
  let subscribed;
  for await (const event of agent.stream('tck-slow-4')) {
    first.push(event);
    if (event.payload.$case === 'artifactUpdate' && !subscribed) {
      subscribed = collect(subscription(await agent.connect(), taskOf(event)));
    }
  }
  const events = await subscribed;
  const seen = words(events);
  equal([seen[0], seen.at(-1)], ['task', 'COMPLETED'], 'first and last event');
  equal(events.slice(1), first.slice(1 - events.length), 'events after the snapshot');
  const [artifact] = events[0].payload.value.artifacts;
  const before = artifact ? texts(artifact.parts) : '';
  const after = artifactUpdates(events)
    .map((u) => texts(u.artifact.parts))
    .join('');
  equal(before + after, WHOLE, 'snapshot and events together');
});

check('subscribe: after a dropped stream, nothing is missing', async (agent) => {
  let id;
  for await (const event of agent.stream('tck-slow-7')) {
    id = taskOf(event);
    if (event.payload.$case === 'artifactUpdate') break;
  }
  const events = await collect(subscription(agent.client, id));
  equal(words(events).at(-1), 'COMPLETED', 'the last event');
  const before = texts(events[0].payload.value.artifacts[0].parts);
  const after = artifactUpdates(events).map((update) => texts(update.artifact.parts));
  holds(after.length < 10, 'the chunk that was seen is streamed again');
  equal(before + after.join(''), WHOLE, 'snapshot and events together');
});

check('subscribe: sees a cancellation, and ends', async (agent) => {
  const { id } = await agent.send('test-resubscribe-message-id', 'hi', { returnImmediately: true });
  const seen = [];
  for await (const event of subscription(await agent.connect(), id)) {
    seen.push(...words([event]));
    if (seen.length === 1) await agent.cancel(id);
  }
  equal([seen[0], seen.at(-1)], ['task', 'CANCELED'], 'first and last event');
});

check('subscribe: to a finished or unknown task is refused', async (agent) => {
  const { id } = await agent.send('tck-complete-task');
  const to = (task) => collect(subscription(agent.client, task));
  await agent.refused(UnsupportedOperationError, to(id), 'finished');
  await agent.refused(TaskNotFoundError, to(NOWHERE), 'unknown');
});

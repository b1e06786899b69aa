// Everything that the official JavaScript client can ask of an agent, against one that is running.
//
// The agent must do what the conformance kit's message prefixes ask (`tck-complete-task`, …), and
// two more: `tck-slow-` works for two seconds and emits ten chunks of one artifact, and
// `test-resubscribe-message-id` works for at least four.
//
//     node a2a_scenarios.mjs BASE_URL jsonrpc|rest

import { Agent, BINDINGS } from './agent.mjs';
import { Checks } from './checks.mjs';
import * as send from './scenarios/send.mjs';
import * as stream from './scenarios/stream.mjs';
import * as tasks from './scenarios/tasks.mjs';

const [base, binding] = process.argv.slice(2);
if (!base || !(binding in BINDINGS)) {
  console.error('usage: node a2a_scenarios.mjs BASE_URL jsonrpc|rest');
  process.exit(64);
}
const agent = new Agent(base, binding);
agent.client = await agent.connect();
process.exit(await Checks.all(send.checks, tasks.checks, stream.checks).run(agent));

// Everything that the official JavaScript client can ask of an agent, against one that is running.
//
// The agent must do what the conformance kit's message prefixes ask (`tck-complete-task`, …), and
// two more: `tck-slow-` works for two seconds and emits ten chunks of one artifact, and
// `test-resubscribe-message-id` works for at least four. It has an extended card with one skill
// more.
//
//     node a2a_scenarios.mjs BASE_URL [--binding jsonrpc|rest] [--protocol-version 1.0|0.3]
//         [--no-push-delivery] [--reference]

import { parseArgs } from 'node:util';
import { Agent, BINDINGS, VERSIONS } from './agent.mjs';
import { Checks } from './checks.mjs';
import { deviationsOf } from './deviations.mjs';
import * as card from './scenarios/card.mjs';
import * as cross from './scenarios/cross.mjs';
import * as push from './scenarios/push.mjs';
import * as send from './scenarios/send.mjs';
import * as service from './scenarios/service.mjs';
import * as stream from './scenarios/stream.mjs';
import * as tasks from './scenarios/tasks.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    binding: { type: 'string', default: 'jsonrpc' },
    'protocol-version': { type: 'string', default: '1.0' },
    'no-push-delivery': { type: 'boolean', default: false },
    reference: { type: 'boolean', default: false },
  },
});
const { binding, 'protocol-version': version } = values;
const [base, ...rest] = positionals;
if (!base || rest.length || !(binding in BINDINGS) || !VERSIONS.includes(version)) {
  console.error(
    'usage: node a2a_scenarios.mjs BASE_URL [--binding jsonrpc|rest] ' +
      '[--protocol-version 1.0|0.3] [--no-push-delivery] [--reference]',
  );
  process.exit(64);
}
const agent = new Agent(base, binding, version, { delivers: !values['no-push-delivery'] });
await agent.begin();
const groups = [card, send, tasks, stream, push, service, cross].map((group) => group.checks);
const deviations = values.reference ? deviationsOf(binding, version) : new Map();
process.exit(await Checks.all(...groups).run(agent, deviations));

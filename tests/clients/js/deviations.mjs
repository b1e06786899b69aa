// What the official Python server, a2a-sdk 1.3.0, does otherwise than the protocol says. Each is a
// check that it fails; the names are those of the checks.

const OLD_REST = { bindings: ['rest'], versions: ['0.3'] };
const BREAKS_OFF = { why: 'it begins the stream, and then breaks the connection', ...OLD_REST };
const NAME_OF_TASK = {
  why: 'it does not read the task from the path nor from `name`, where this client has it',
  ...OLD_REST,
};

const DEVIATIONS = [
  {
    check: 'push: a url that is none is refused',
    why: 'it stores any text as a url, and would post to whatever address (section 13.2)',
    versions: ['1.0'],
  },
  {
    check: 'push: a url that is none is refused',
    why: 'it stores any text as a url, and would post to whatever address (section 13.2)',
    bindings: ['jsonrpc'],
    versions: ['0.3'],
  },
  {
    check: 'push: a webhook of 0.3 is told the task in the form of 0.3',
    why: 'it posts events in the form of 1.0',
    versions: ['0.3'],
  },
  {
    check: 'send: what the user sent is kept exactly',
    why: 'it takes only bytes that are base64 twice',
    ...OLD_REST,
  },
  { check: 'stream: to a finished or unknown task is refused', ...BREAKS_OFF },
  { check: 'subscribe: to a finished or unknown task is refused', ...BREAKS_OFF },
  { check: 'push: a configuration is created, and read as it was created', ...NAME_OF_TASK },
  { check: 'push: without an id it is given one', ...NAME_OF_TASK },
  { check: 'push: the same id again replaces the configuration', ...NAME_OF_TASK },
  { check: 'push: all are listed', ...NAME_OF_TASK },
  { check: 'push: a deleted one is gone', ...NAME_OF_TASK },
  { check: 'push: for an unknown task everything is refused', ...NAME_OF_TASK },
  { check: 'push: the token and the credentials are delivered with every event', ...NAME_OF_TASK },
];

/** The names of the checks that fail over this binding in this version, and why. */
export const deviationsOf = (binding, version) =>
  new Map(
    DEVIATIONS.filter(
      ({ bindings = [binding], versions = [version] }) =>
        bindings.includes(binding) && versions.includes(version),
    ).map(({ check, why }) => [check, why]),
  );

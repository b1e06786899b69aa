// Server-sent events, as they arrive.

/**
 * Yields each block of a `text/event-stream`: its data and its lines as they came. Comments, which keep
 * a connection open, have no data.
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      // A carriage return at the end may be the first half of a line end.
      let end;
      while ((end = /(?:\r\n|\n|\r(?!$)){2}/.exec(rest))) {
        const block = rest.slice(0, end.index);
        rest = rest.slice(end.index + end[0].length);
        if (block) yield parsed(block);
      }
    }
    // A block that no empty line ends is unfinished, and is no event.
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(block) {
  const data = [];
  let id;
  for (const line of block.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    if (field === 'id') id = value;
  }
  return { id, data: data.length ? data.join('\n') : undefined, text: block };
}

// Server-sent events, as they arrive.

/**
 * Yields each block of a `text/event-stream`: its data and its lines as they came. Comments, which keep
 * a connection open, have no data.
 */
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  // An empty line. A carriage return at the end may be the first half of a line end.
  const gap = /(?:\r\n|\n|\r(?!\n|$)){2}/g;
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      // What was looked at before had none, but for what a piece may have cut in two.
      gap.lastIndex = Math.max(0, rest.length - 3);
      rest += value;
      let end;
      while ((end = gap.exec(rest))) {
        const block = rest.slice(0, end.index);
        rest = rest.slice(gap.lastIndex);
        gap.lastIndex = 0;
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

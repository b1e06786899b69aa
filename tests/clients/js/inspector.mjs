// The inspector of a running host, in a browser.
//
// The host serves the data analyst as `analyst` and the conformance kit's agent as `kit`. With
// `--guarded` there is another host, which serves the kit's agent alone and lets in whoever has the API key.
//
//     node inspector.mjs URL --chromium PROGRAM [--guarded URL --key KEY] [--images FOLDER]

import { parseArgs } from 'node:util';
import { Browser } from './browser.mjs';
import { Checks, equal, holds } from './checks.mjs';
import * as asking from './inspector/asking.mjs';
import * as looking from './inspector/looking.mjs';
import * as safety from './inspector/safety.mjs';
import { pictures } from './inspector/pictures.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    chromium: { type: 'string' },
    guarded: { type: 'string' },
    key: { type: 'string' },
    images: { type: 'string' },
  },
});
const [url, ...rest] = positionals;
if (!url || rest.length || !values.chromium) {
  console.error('usage: node inspector.mjs URL --chromium PROGRAM [--guarded URL --key KEY] [--images FOLDER]');
  process.exit(64);
}
const browser = await Browser.start(values.chromium);
const subject = { browser, url, page: `${url}/inspector/`, guarded: values.guarded, key: values.key };
const last = new Checks();
last.add('no page complained', () => {
  equal(browser.complaints, [], 'complaints');
});
if (values.images) {
  last.add('pictures for the documentation', async () => {
    holds((await pictures(subject, values.images)) > 0, 'none was taken');
  });
}
let failed;
try {
  failed = await Checks.all(asking.checks, looking.checks, safety.checks, last).run(subject);
} finally {
  await browser.close();
}
process.exit(failed);

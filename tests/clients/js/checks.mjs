// A list of named checks: each prints one line, and a failure does not stop the next one.

import { isDeepStrictEqual, inspect } from 'node:util';

const SECONDS = 60;

export class Failed extends Error {}

export function holds(condition, what) {
  if (!condition) throw new Failed(what);
}

export function equal(actual, expected, what) {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Failed(`${what}: ${inspect(actual)}, expected ${inspect(expected)}`);
  }
}

/** The call must fail with an error that fits; `name` says what fits. */
export async function refused(fits, name, call, what) {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    holds(fits(error), `${what}: ${error}, expected ${name}`);
    holds(error.message?.trim(), `${what}: ${name} without a message`);
    return error;
  }
  throw new Failed(`${what}: answered ${inspect(answer)}, expected ${name}`);
}

export class Checks {
  #checks = [];

  /** The checks of every group, in this order. */
  static all(...groups) {
    const whole = new Checks();
    for (const group of groups) whole.#checks.push(...group.#checks);
    return whole;
  }

  /** `only` says for which subjects the check makes sense. */
  add(name, check, only = () => true) {
    this.#checks.push({ name, check, only });
  }

  /**
   * Runs every check that makes sense for `subject`, and returns how many failed.
   *
   * `deviations` maps the names of checks that this subject is known to fail to the reason. One
   * that it passes is a failure too: the list is then out of date.
   */
  async run(subject, deviations = new Map()) {
    const unseen = new Map(deviations);
    const checks = this.#checks.filter(({ only }) => only(subject));
    let failed = 0;
    let deviated = 0;
    for (const { name, check } of checks) {
      const why = unseen.get(name);
      unseen.delete(name);
      let failure = await failureOf(check, subject);
      if (failure !== undefined && why !== undefined) {
        deviated += 1;
        console.log(`deviates ${name}: ${why}: ${failure}`);
        continue;
      }
      if (why !== undefined) failure = `passes, though it is listed as a deviation (${why})`;
      if (failure === undefined) {
        console.log(`ok ${name}`);
      } else {
        failed += 1;
        console.log(`FAIL ${name}: ${failure}`);
      }
    }
    for (const name of unseen.keys()) {
      failed += 1;
      console.log(`FAIL ${name}: is listed as a deviation, and no check has this name`);
    }
    const passed = checks.length - failed - deviated;
    const known = deviated ? `, ${deviated} known deviations` : '';
    console.log(`${passed} passed${known}, ${failed} failed`);
    return failed;
  }
}

async function failureOf(check, subject) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failed(`no answer within ${SECONDS} s`)), SECONDS * 1000);
  });
  try {
    await Promise.race([check(subject), late]);
    return undefined;
  } catch (error) {
    const why = error instanceof Failed ? error.message : (error.stack ?? String(error));
    return why.split('\n').slice(0, 3).join(' | ');
  } finally {
    clearTimeout(timer);
  }
}

//! Inputs that nobody would send: arbitrary bytes, and valid ones that were tampered with.

use serde_json::Value;

/// SplitMix64: small, fast, and the same everywhere for the same seed.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to `end`, without it.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Pieces of JSON that parsers stumble over.
const ODD: &[&str] = &[
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-0",
    "-1",
    "1.0",
    "1e400",
    "1E-400",
    "01",
    "NaN",
    "18446744073709551616",
    "-9223372036854775809",
    "2147483648",
    "0.1e1",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"\u{202e}\u{feff}\u{10ffff}\"",
    "\"1\"",
    "\"TASK_STATE_RUNNING\"",
    "[null]",
    "{\"\":{}}",
    "[[[[[[[[]]]]]]]]",
    "\"2026-11-21T08:30:60Z\"",
    "\"9999-12-31T23:59:59.9999999999Z\"",
    "\"AAA\"",
    "\"_-8=\"",
    "\"\\uD83D\\uDE00\"",
    "{\"text\":\"a\",\"data\":null}",
];

/// Pieces of text that parsers of headers, paths and URLs stumble over.
const ODD_TEXT: &[&str] = &[
    "%",
    "%2",
    "%2F",
    "%00",
    "%ff",
    "%C3%28",
    "%252e",
    "..",
    "//",
    ":",
    "::",
    ",",
    ",,",
    ";",
    "=",
    "&",
    "?",
    "#",
    "@",
    "[",
    "]",
    "[::1]",
    "*",
    "W/",
    "\"",
    "\\",
    "+",
    "-",
    "_",
    " ",
    "\t",
    "\u{e9}",
    "\u{202e}",
    "00000000000000000000",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "1e9",
    "0x10",
    "\u{661}",
    "application/",
    "q=",
    "http",
    "https://",
    "localhost",
    "tasks",
    ":cancel",
];

/// Bytes without any structure.
pub fn noise(rng: &mut Rng) -> Vec<u8> {
    let length = match rng.below(8) {
        0 => rng.below(3),
        7 => rng.below(600),
        _ => rng.below(80),
    };
    // Half of it from what JSON is made of, which gets further.
    let json = br#"{}[]":,\ 0123456789eE+-.truefalsn"#;
    let structured = rng.once_in(2);
    (0..length)
        .map(|_| {
            if structured {
                json[rng.below(json.len())]
            } else {
                u8::try_from(rng.below(256)).unwrap()
            }
        })
        .collect()
}

/// A valid JSON value, tampered with in its structure, its text, or both.
pub fn json(rng: &mut Rng, valid: &Value) -> Vec<u8> {
    let mut value = valid.clone();
    for _ in 0..rng.below(4) {
        tamper(rng, &mut value);
    }
    let mut text = String::new();
    print(rng, &value, &mut text);
    let mut bytes = text.into_bytes();
    if rng.once_in(4) {
        scramble(rng, &mut bytes);
    }
    bytes
}

/// A valid text, tampered with.
pub fn text(rng: &mut Rng, valid: &[&str]) -> Vec<u8> {
    if rng.once_in(8) {
        return noise(rng);
    }
    let mut bytes = rng.pick(valid).as_bytes().to_vec();
    for _ in 0..rng.below(4) {
        let at = rng.below(bytes.len() + 1);
        match rng.below(4) {
            0 => scramble(rng, &mut bytes),
            1 => {
                let more = rng.pick(valid).as_bytes();
                bytes.splice(at..at, more.iter().copied());
            }
            _ => {
                let odd = rng.pick(ODD_TEXT).as_bytes();
                bytes.splice(at..at, odd.iter().copied());
            }
        }
    }
    bytes
}

/// Changes one node, wherever it is.
fn tamper(rng: &mut Rng, value: &mut Value) {
    let here = rng.once_in(3);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(rng.below(map.len())).unwrap().clone();
            match rng.below(6) {
                0 => {
                    map.shift_remove(&key);
                }
                1 => {
                    let node = map.shift_remove(&key).unwrap();
                    map.insert(rename(rng, &key), node);
                }
                2 => {
                    let copy = map[&key].clone();
                    map.insert(rename(rng, &key), copy);
                }
                _ if here => *map.get_mut(&key).unwrap() = odd(rng),
                _ => tamper(rng, map.get_mut(&key).unwrap()),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = rng.below(items.len());
            match rng.below(5) {
                0 => {
                    items.remove(at);
                }
                1 => {
                    let copy = items[at].clone();
                    items.extend(std::iter::repeat_n(copy, rng.below(4)));
                }
                _ if here => items[at] = odd(rng),
                _ => tamper(rng, &mut items[at]),
            }
        }
        scalar => {
            *scalar = match rng.below(4) {
                0 => Value::Array(vec![scalar.take()]),
                1 => Value::String(String::from_utf8_lossy(&noise(rng)).into_owned()),
                _ => odd(rng),
            }
        }
    }
}

fn odd(rng: &mut Rng) -> Value {
    // What is not JSON comes in as text, when it is printed.
    serde_json::from_str(rng.pick(ODD)).unwrap_or(Value::Null)
}

fn rename(rng: &mut Rng, key: &str) -> String {
    match rng.below(4) {
        0 => key.to_uppercase(),
        1 => {
            let mut snake = String::new();
            for c in key.chars() {
                if c.is_uppercase() {
                    snake.push('_');
                }
                snake.extend(c.to_lowercase());
            }
            snake
        }
        2 => format!("{key}\u{0}"),
        _ => (*rng.pick(&[
            "text",
            "raw",
            "url",
            "data",
            "id",
            "tenant",
            "__proto__",
            "",
        ]))
        .to_owned(),
    }
}

/// Prints, and sometimes prints a name twice, a number that is none, or a nest.
fn print(rng: &mut Rng, value: &Value, into: &mut String) {
    if rng.once_in(60) {
        if rng.once_in(4) {
            let depth = rng.below(300);
            into.push_str(&"[".repeat(depth));
            into.push_str(&"]".repeat(depth));
        } else {
            into.push_str(rng.pick(ODD));
        }
        return;
    }
    match value {
        Value::Object(map) => {
            into.push('{');
            for (index, (key, node)) in map.iter().enumerate() {
                let times = if rng.once_in(40) { 2 } else { 1 };
                for again in 0..times {
                    if index + again > 0 {
                        into.push(',');
                    }
                    into.push_str(&Value::String(key.clone()).to_string());
                    into.push(':');
                    print(rng, node, into);
                }
            }
            into.push('}');
        }
        Value::Array(items) => {
            into.push('[');
            for (index, node) in items.iter().enumerate() {
                if index > 0 {
                    into.push(',');
                }
                print(rng, node, into);
            }
            into.push(']');
        }
        scalar => into.push_str(&scalar.to_string()),
    }
}

/// Changes bytes: flips, removes, doubles, cuts.
fn scramble(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let at = rng.below(bytes.len() + 1);
    let end = (at + rng.below(12)).min(bytes.len());
    match rng.below(5) {
        0 => bytes.truncate(at),
        1 => {
            bytes.drain(at..end);
        }
        2 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        3 => bytes.insert(at, u8::try_from(rng.below(256)).unwrap()),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
}

use serde_json::json;

use super::*;

/// All events of a stream that comes in these pieces.
fn read(pieces: &[&[u8]]) -> Result<Vec<Event>, ModelError> {
    let mut reader = Events::default();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(reader.feed(piece)?);
    }
    events.extend(reader.end()?);
    Ok(events)
}

/// Cut in two everywhere, and into single bytes, it has to be the same.
fn same_however_cut(stream: &[u8]) -> Result<Vec<Event>, ModelError> {
    let whole = read(&[stream]);
    for cut in 0..=stream.len() {
        let (one, two) = stream.split_at(cut);
        assert_eq!(read(&[one, two]), whole, "cut at {cut}");
    }
    let bytes: Vec<_> = stream.chunks(1).collect();
    assert_eq!(read(&bytes), whole);
    whole
}

fn data(text: &str) -> Event {
    Event::Data(text.to_owned())
}

#[test]
fn line_ends_of_every_kind_are_one() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = format!(
            ": hello{end}event: x{end}data: ä€😀{end}{end}data:b{end}data: c{end}{end}{end}data: d"
        );
        let events = same_however_cut(stream.as_bytes()).unwrap();
        assert_eq!(events, [data("ä€😀"), data("b\nc"), data("d")], "{end:?}");
    }
}

#[test]
fn an_error_between_events_is_read_as_json() {
    let stream = "data: {\"a\":1}\r\n\r\n{\r\n  \"error\": {\r\n    \"code\": 503,\r\n    \
                  \"details\": [\r\n    ]\r\n  }\r\n}\r\n";
    let events = same_however_cut(stream.as_bytes()).unwrap();
    let error = json!({"error": {"code": 503, "details": []}});
    assert_eq!(events, [data("{\"a\":1}"), Event::Bare(error)]);
}

#[test]
fn json_instead_of_events_is_read() {
    let events = same_however_cut(b"[{\n  \"error\": {\"code\": 429}\n}\n]").unwrap();
    assert_eq!(events, [Event::Bare(json!([{"error": {"code": 429}}]))]);
}

#[test]
fn what_is_neither_is_malformed() {
    for stream in [&b"<html>\n</html>\n"[..], b"data: \xff\n\n", b"{\"a\": \n"] {
        assert!(matches!(
            same_however_cut(stream),
            Err(ModelError::Malformed(_))
        ));
    }
}

#[test]
fn nothing_grows_beyond_its_bound() {
    let mut reader = Events::default();
    let piece = vec![b'x'; 1024 * 1024];
    let fed = (0..40).map(|_| reader.feed(&piece)).find(Result::is_err);
    assert!(matches!(fed, Some(Err(ModelError::Malformed(_)))));
    let mut reader = Events::default();
    let mut line = b"data: ".to_vec();
    line.extend(vec![b'x'; 1024 * 1024]);
    line.push(b'\n');
    let fed = (0..40).map(|_| reader.feed(&line)).find(Result::is_err);
    assert!(matches!(fed, Some(Err(ModelError::Malformed(_)))));
}

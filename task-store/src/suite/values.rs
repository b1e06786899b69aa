//! What agents keep for conversations.

use super::case::{Case, NOW};
use crate::{
    Database, Error, MAX_STATE_KEY_CHARS, MAX_STATE_KEYS, MAX_STATE_VALUE_BYTES, ReadState, Scope,
    WriteState,
};

fn read(scope: &Scope, context_id: &str, key: &str) -> ReadState {
    ReadState {
        scope: scope.clone(),
        context_id: context_id.to_owned(),
        key: key.to_owned(),
    }
}

fn write(scope: &Scope, context_id: &str, key: &str, value: Option<&[u8]>) -> WriteState {
    WriteState {
        scope: scope.clone(),
        context_id: context_id.to_owned(),
        key: key.to_owned(),
        value: value.map(<[u8]>::to_vec),
        now: NOW,
    }
}

pub(super) async fn keeps_values<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let mine = case.scope.clone();
    let other = Scope {
        owner: String::new(),
        ..mine.clone()
    };
    let none = case.perform("read", read(&mine, "c", "k")).await?;
    case.equal("before", none, None)?;
    for value in [b"one".to_vec(), Vec::new(), vec![0, 255, 128]] {
        case.perform("write", write(&mine, "c", "k", Some(&value)))
            .await?;
        let found = case.perform("read", read(&mine, "c", "k")).await?;
        case.equal("written", found, Some(value))?;
    }
    for (scope, context, key) in [(&mine, "c", "l"), (&mine, "d", "k"), (&other, "c", "k")] {
        let found = case.perform("read", read(scope, context, key)).await?;
        case.equal("elsewhere", found, None)?;
    }
    case.perform("remove", write(&mine, "c", "k", None)).await?;
    case.perform("remove again", write(&mine, "c", "k", None))
        .await?;
    let found = case.perform("read", read(&mine, "c", "k")).await?;
    case.equal("removed", found, None)
}

pub(super) async fn limits_values<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let scope = case.scope.clone();
    let longest = "é".repeat(MAX_STATE_KEY_CHARS);
    case.perform(
        "the longest key",
        write(&scope, "keys", &longest, Some(b"v")),
    )
    .await?;
    let found = case.perform("read", read(&scope, "keys", &longest)).await?;
    case.equal("under the longest key", found, Some(b"v".to_vec()))?;
    let long = format!("{longest}é");
    for (context, key, part) in [
        ("keys", "", "0 characters"),
        ("keys", long.as_str(), "129 characters"),
        ("keys", "a\0b", "control character"),
        ("", "k", "context id is empty"),
    ] {
        let refusal = Error::Invalid(part.to_owned());
        case.refuse("a key", write(&scope, context, key, Some(b"v")), refusal)
            .await?;
        let found = case.perform("read", read(&scope, context, key)).await?;
        case.equal("under such a key", found, None)?;
    }

    let largest = vec![7; MAX_STATE_VALUE_BYTES];
    case.perform(
        "the largest value",
        write(&scope, "size", "k", Some(&largest)),
    )
    .await?;
    let found = case.perform("read", read(&scope, "size", "k")).await?;
    case.equal(
        "the largest value",
        found.map(|value| value.len()),
        Some(largest.len()),
    )?;
    let larger = vec![7; MAX_STATE_VALUE_BYTES + 1];
    let refusal = Error::TooLarge("16777217 bytes".to_owned());
    case.refuse(
        "a larger one",
        write(&scope, "size", "k", Some(&larger)),
        refusal,
    )
    .await?;

    for number in 0..MAX_STATE_KEYS {
        let key = format!("k{number}");
        case.perform("fill", write(&scope, "full", &key, Some(b"v")))
            .await?;
    }
    let refusal = || Error::TooLarge("keeps 64 values".to_owned());
    case.refuse(
        "one more",
        write(&scope, "full", "more", Some(b"v")),
        refusal(),
    )
    .await?;
    case.perform("a key that exists", write(&scope, "full", "k0", Some(b"w")))
        .await?;
    case.perform(
        "another conversation",
        write(&scope, "empty", "more", Some(b"v")),
    )
    .await?;
    case.perform("remove one", write(&scope, "full", "k1", None))
        .await?;
    case.perform("one instead", write(&scope, "full", "more", Some(b"v")))
        .await?;
    case.refuse(
        "and no more",
        write(&scope, "full", "most", Some(b"v")),
        refusal(),
    )
    .await
}

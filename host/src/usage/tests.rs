use super::*;

fn usage(spending: &Spending, limits: &GuestLimits) -> Usage {
    Usage::new(spending.clone(), None, "me", limits, Arc::default())
}

fn call(task: &str, tokens: u64) -> ModelCall {
    ModelCall {
        provider: "gcp.gemini".to_owned(),
        model: "gemini-3.5-flash".to_owned(),
        task_id: Some(task.to_owned()),
        input_tokens: tokens - 1,
        cached_tokens: 0,
        output_tokens: 1,
        thought_tokens: 0,
        duration: 1,
        first_piece: None,
        error: None,
    }
}

#[test]
fn a_task_takes_so_many_tokens_and_another_goes_on() {
    let limits = GuestLimits {
        model_tokens_per_task: 100,
        ..GuestLimits::default()
    };
    let spending = Spending::default();
    let mut first = usage(&spending, &limits);
    first.asked(call("a", 60)).unwrap();
    assert_eq!(first.may_ask(Some("a".to_owned())).unwrap(), Ok(()));
    first.asked(call("a", 60)).unwrap();
    // Another request of the same task knows, and another task is not meant.
    let mut next = usage(&spending, &limits);
    let sentence = next.may_ask(Some("a".to_owned())).unwrap().unwrap_err();
    assert!(
        sentence.contains("120") && sentence.contains("100 is"),
        "{sentence}"
    );
    assert_eq!(next.may_ask(Some("b".to_owned())).unwrap(), Ok(()));
}

#[test]
fn a_caller_has_so_many_tokens_in_a_time_and_then_again() {
    let rate = TokenRate::parse("100/1h").unwrap();
    let limits = GuestLimits {
        model_tokens_per_caller: Some(rate),
        ..GuestLimits::default()
    };
    let spending = Spending::default();
    let mut usage = usage(&spending, &limits);
    let now = Instant::now();
    usage.take(None, 100, now);
    let (limit, sentence) = usage.refuse(None, now).unwrap_err();
    assert_eq!(limit, Limit::ModelTokensCaller);
    assert!(sentence.contains("100 in 1 hour"), "{sentence}");
    let other = Usage::new(spending, None, "you", &limits, Arc::default());
    assert!(other.refuse(None, now).is_ok());
    let later = now + Duration::from_secs(3_600);
    assert!(usage.refuse(None, later).is_ok());
    usage.take(None, 1, later);
    assert!(usage.refuse(None, later).is_ok());
}

#[test]
fn a_request_asks_a_model_only_so_often() {
    let limits = GuestLimits {
        model_calls: 1,
        ..GuestLimits::default()
    };
    let mut usage = usage(&Spending::default(), &limits);
    usage.asked(call("a", 1)).unwrap();
    let sentence = usage.may_ask(None).unwrap().unwrap_err();
    assert!(sentence.contains("asked 1 times"), "{sentence}");
}

#[test]
fn names_are_cut_and_cleaned() {
    assert_eq!(cut("a\nb"), "ab");
    assert_eq!(cut(&"x".repeat(1_000)).len(), LONGEST);
    assert_eq!(one_of(&ERRORS, "timeout"), "timeout");
    assert_eq!(one_of(&ERRORS, "whatever"), OTHER);
}

#[test]
fn rates_of_tokens_are_read() {
    let shown = |text| TokenRate::parse(text).map(|rate| rate.to_string());
    assert_eq!(shown("1000000/1d").unwrap(), "1000000 in 1 day");
    assert_eq!(shown("5/30min").unwrap(), "5 in 30 minutes");
    for wrong in ["", "5", "0/1d", "5/", "5/1y", "x/1d", "5/32d"] {
        assert!(shown(wrong).is_err(), "{wrong}");
    }
}

use super::*;

fn rates(caller: &str, address: &str, card: &str) -> Rates {
    let rate = |text| Rate::parse(text).ok();
    Rates::new(RateLimits {
        caller: rate(caller),
        address: rate(address),
        card: rate(card),
    })
}

fn told(quotas: &Quotas, name: &str) -> Vec<String> {
    let mut headers = HeaderMap::new();
    quotas.write(&mut headers);
    let lines = headers.get_all(name).iter();
    lines
        .map(|line| line.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_caller_has_a_limit_and_nobody_has_none() {
    let rates = rates("1/h", "", "");
    let count = |owner| rates.count_caller(owner, &mut Quotas::default());
    assert!(count("one").is_ok());
    let refused = count("one").unwrap_err();
    assert_eq!(refused.policy, "caller");
    assert!(refused.wait > Duration::from_secs(3_590), "{refused:?}");
    assert!(count("other").is_ok());
    assert!(count("").is_ok() && count("").is_ok());
}

#[test]
fn an_answer_tells_every_limit_that_the_request_was_counted_for() {
    let rates = rates("600/min:100", "10/s", "");
    let mut quotas = Quotas::default();
    let address = "192.0.2.1".parse().unwrap();
    rates.count_address(address, "/", &mut quotas).unwrap();
    rates.count_caller("me", &mut quotas).unwrap();
    assert_eq!(
        told(&quotas, "ratelimit-policy"),
        [r#""address";q=10;w=1"#, r#""caller";q=100;w=10"#]
    );
    assert_eq!(
        told(&quotas, "ratelimit"),
        [r#""address";r=9;t=1"#, r#""caller";r=99;t=1"#]
    );
}

#[test]
fn without_a_limit_nothing_is_told() {
    let rates = rates("", "", "");
    let mut quotas = Quotas::default();
    let address = "192.0.2.1".parse().unwrap();
    rates.count_address(address, CARDS[0], &mut quotas).unwrap();
    assert!(told(&quotas, "ratelimit").is_empty());
}

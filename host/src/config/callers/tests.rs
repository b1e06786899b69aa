use super::*;

fn resolved(flags: CallerFlags) -> Result<CallerLimits, String> {
    resolve(flags, &Platform::Plain).map_err(|error| error.to_string())
}

fn cloud_run() -> Platform {
    Platform::CloudRun {
        service: "agent".to_owned(),
    }
}

#[test]
fn what_is_not_given_follows_from_the_rest() {
    let limits = resolved(CallerFlags {
        max_connections: Some("100".to_owned()),
        ..CallerFlags::default()
    })
    .unwrap();
    assert_eq!(limits.connections.per_address, Some(25));
    assert_eq!(limits.connections.idle, STRANGERS);
    assert_eq!(limits.queue.places, None);
    assert_eq!(limits.proxies, TrustedProxies::Hops(0));
    assert!(limits.rates.card.is_none());
}

#[test]
fn on_cloud_run_one_proxy_is_trusted_and_may_be_idle() {
    let limits = resolve(CallerFlags::default(), &cloud_run()).unwrap();
    assert_eq!(limits.proxies, TrustedProxies::Hops(1));
    assert_eq!(limits.connections.idle, PROXY);
}

#[test]
fn zero_connections_per_address_are_any_number_of_them() {
    let limits = resolved(CallerFlags {
        max_connections_per_address: Some("0".to_owned()),
        ..CallerFlags::default()
    });
    assert_eq!(limits.unwrap().connections.per_address, None);
}

#[test]
fn what_cannot_be_used_is_named() {
    let rate = CallerFlags {
        rate_card: Some("often".to_owned()),
        ..CallerFlags::default()
    };
    let complaint = resolved(rate).unwrap_err();
    assert!(
        complaint.starts_with(r#"ATTACHE_RATE_CARD (--rate-card) is "often": give a count"#),
        "{complaint}"
    );
    let proxies = CallerFlags {
        trusted_proxies: Some("nginx".to_owned()),
        ..CallerFlags::default()
    };
    let complaint = resolved(proxies).unwrap_err();
    assert!(
        complaint.starts_with(r#"ATTACHE_TRUSTED_PROXIES (--trusted-proxies) is "nginx": give"#),
        "{complaint}"
    );
}

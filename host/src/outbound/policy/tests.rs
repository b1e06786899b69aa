use super::*;

fn policy(allow: &str, allow_private: bool) -> Policy {
    let allow = AllowList::parse(allow).unwrap();
    Policy::new(allow, allow_private, Caller::Component, None)
}

fn judge(policy: &Policy, url: &str) -> Result<(), Refusal> {
    policy.check_url(&url.parse().unwrap()).map(drop)
}

#[test]
fn nothing_is_allowed_by_default() {
    let refusal = judge(&policy("", false), "https://example.com/a?key=secret").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "example.com:443 is not on the list of allowed hosts; --allow-outbound example.com \
         (ATTACHE_ALLOW_OUTBOUND) would allow it"
    );
}

#[test]
fn entries_permit_exactly_what_they_say() {
    let list = policy(
        "example.com, *.internal.example:8443,api.test:*,[2606:4700::1]",
        false,
    );
    for url in [
        "https://example.com/",
        "http://EXAMPLE.com./",
        "https://a.internal.example:8443/",
        "https://a.b.internal.example:8443/",
        "http://api.test:9000/",
        "https://[2606:4700::1]/",
    ] {
        assert_eq!(judge(&list, url), Ok(()), "{url}");
    }
    for url in [
        "https://example.com:8443/",
        "https://sub.example.com/",
        "https://notexample.com/",
        "https://example.com.evil.test/",
        "https://internal.example:8443/",
        "https://a.internal.example/",
        "https://xinternal.example:8443/",
        "https://[2606:4700::2]/",
    ] {
        assert!(
            matches!(judge(&list, url), Err(Refusal::NotAllowed { .. })),
            "{url}"
        );
    }
}

#[test]
fn spellings_that_hide_an_address_are_refused() {
    let all = policy("*", false);
    for url in [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1.2/",
        "http://1.2.3.0x/",
        "http://good.example@127.0.0.1/",
        "http://user:pass@good.example/",
        "http://good.example:/",
        "http://a..b/",
        "ftp://good.example/",
    ] {
        assert!(judge(&all, url).is_err(), "{url}");
    }
    for url in [
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fd00::1]/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
    ] {
        assert!(
            matches!(judge(&all, url), Err(Refusal::PrivateAddress { .. })),
            "{url}"
        );
    }
}

#[test]
fn private_addresses_can_be_allowed_but_the_metadata_server_cannot() {
    let all = policy("*", true);
    assert_eq!(judge(&all, "http://127.0.0.1:3000/"), Ok(()));
    assert_eq!(judge(&all, "http://[::1]:3000/"), Ok(()));
    for url in [
        "http://169.254.169.254/computeMetadata/v1/",
        "http://[::ffff:169.254.169.254]/",
        "http://metadata.google.internal/",
        "http://Metadata.Google.Internal./",
    ] {
        assert!(
            matches!(judge(&all, url), Err(Refusal::Metadata { .. })),
            "{url}"
        );
    }
}

#[test]
fn a_list_with_a_bad_entry_names_it() {
    for entry in [
        "https://a.test",
        "a.test/path",
        "a.test:port",
        "*.",
        "a b",
        "*.10.0.0.1",
    ] {
        let error = AllowList::parse(&format!("good.test,{entry}")).unwrap_err();
        assert!(error.contains(entry), "{error}");
    }
}

#[test]
fn a_metadata_server_at_another_place_is_out_of_reach_there() {
    let everything = || AllowList::everything();
    let by_address = Place::parse("127.0.0.1:8181");
    let policy = Policy::new(everything(), true, Caller::Component, by_address);
    for url in [
        "http://127.0.0.1:8181/",
        "http://127.9.9.9:8181/",
        "http://0.0.0.0:8181/",
        "http://[::1]:8181/",
        "http://[::ffff:127.0.0.1]:8181/",
    ] {
        let judged = judge(&policy, url);
        assert!(
            matches!(judged, Err(Refusal::Metadata { .. })),
            "{url}: {judged:?}"
        );
    }
    assert_eq!(judge(&policy, "http://127.0.0.1:8182/"), Ok(()));
    let behind_a_name = policy.check_address("a.test", "127.0.0.1".parse().unwrap(), 8181);
    assert!(matches!(behind_a_name, Err(Refusal::Metadata { .. })));

    let by_name = Place::parse("Metadata.Test.");
    let policy = Policy::new(everything(), true, Caller::Component, by_name);
    let judged = judge(&policy, "http://metadata.test/");
    assert!(
        matches!(judged, Err(Refusal::Metadata { .. })),
        "{judged:?}"
    );
    assert_eq!(judge(&policy, "https://metadata.test/"), Ok(()));
}

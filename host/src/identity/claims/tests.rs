use serde_json::json;

use super::*;

const NOW: f64 = 1_000_000.0;

fn expected() -> Expected {
    Expected {
        issuers: vec!["https://issuer.example".to_owned(), GOOGLE_SHORT.to_owned()],
        audiences: vec!["agent".to_owned()],
        leeway: Duration::from_secs(10),
        vouches_for_emails: false,
    }
}

/// The claims of a good token, with some of them replaced; null takes one away.
fn check(changes: Value) -> Result<Known, Flaw> {
    let mut claims = json!({
        "iss": "https://issuer.example", "sub": "me", "aud": "agent", "exp": NOW + 60.0,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let claims: Claims = serde_json::from_value(claims).map_err(|_| Flaw::Claims)?;
    claims.check_at(&expected(), NOW)
}

#[test]
fn each_claim_is_looked_at() {
    for (changes, flaw) in [
        (json!({"iss": "https://issuer.example/"}), Flaw::Issuer),
        (json!({"iss": null}), Flaw::Missing("iss")),
        (json!({"iss": ["https://issuer.example"]}), Flaw::Claims),
        (json!({"aud": "another"}), Flaw::Audience),
        (json!({"aud": ["another"]}), Flaw::Audience),
        (json!({"aud": []}), Flaw::Audience),
        (json!({"aud": null}), Flaw::Missing("aud")),
        (json!({"aud": 7}), Flaw::Claims),
        (json!({"exp": NOW - 10.0}), Flaw::Expired),
        (json!({"exp": null}), Flaw::Missing("exp")),
        (json!({"exp": "9999999999"}), Flaw::Claims),
        (json!({"nbf": NOW + 11.0}), Flaw::NotYet),
        (json!({"nbf": "soon"}), Flaw::Claims),
        (json!({"sub": null}), Flaw::Missing("sub")),
        (json!({"sub": ""}), Flaw::Missing("sub")),
        (json!({"sub": "x".repeat(256)}), Flaw::Missing("sub")),
    ] {
        let refused = check(changes.clone()).map(|known| known.identity.subject);
        assert_eq!(refused, Err(flaw), "{changes}");
    }
    for changes in [
        json!({}),
        json!({"aud": ["another", "agent"]}),
        json!({"exp": NOW - 9.0}),
        json!({"exp": NOW + 0.5}),
        json!({"nbf": NOW + 10.0}),
    ] {
        assert!(check(changes.clone()).is_ok(), "{changes}");
    }
}

#[test]
fn an_address_counts_only_when_the_issuer_vouches_for_it() {
    let email = |changes| check(changes).unwrap().identity.email;
    assert_eq!(email(json!({"email": "me@example.com"})), None);
    let unverified = json!({"email": "me@example.com", "email_verified": false});
    assert_eq!(email(unverified), None);
    for verified in [json!(true), json!("true")] {
        let changes = json!({"email": "me@example.com", "email_verified": verified});
        assert_eq!(email(changes).as_deref(), Some("me@example.com"));
    }
}

#[test]
fn google_is_one_issuer_and_says_which_domain_an_account_belongs_to() {
    let of_google = |email: &str, hd: Value| {
        let known = check(json!({
            "iss": "accounts.google.com", "email": email, "email_verified": true, "hd": hd,
        }));
        let known = known.unwrap();
        assert_eq!(known.identity.issuer, GOOGLE);
        known.domain
    };
    let domain = of_google("me@example.com", json!("example.com"));
    assert_eq!(domain.as_deref(), Some("example.com"));
    assert_eq!(of_google("me@example.com", json!(null)), None);
    let service = "agent@project.iam.gserviceaccount.com";
    let domain = of_google(service, json!(null));
    assert_eq!(domain.as_deref(), Some("project.iam.gserviceaccount.com"));
}

#[test]
fn scopes_come_as_text_or_as_a_list() {
    for changes in [
        json!({"scope": "read write"}),
        json!({"scp": "read write"}),
        json!({"scp": ["read", "write"]}),
    ] {
        let known = check(changes).unwrap();
        assert_eq!(known.identity.scopes, ["read", "write"]);
    }
}

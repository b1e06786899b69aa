use super::*;

type Variables = &'static [(&'static str, &'static str)];

const ANYWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const KEY: &str = "ci:sha256:0000000000000000000000000000000000000000000000000000000000000000";

fn given(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn flags(auth: &str) -> IdentityFlags {
    IdentityFlags {
        auth: given(auth),
        ..IdentityFlags::default()
    }
}

fn resolve_at(
    address: IpAddr,
    platform: &Platform,
    flags: IdentityFlags,
    variables: Variables,
) -> Result<AuthConfig, String> {
    let variables = variables.iter();
    let environment = variables
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    resolve(flags, address, platform, &environment).map_err(|error| error.to_string())
}

fn resolve_here(flags: IdentityFlags) -> Result<AuthConfig, String> {
    resolve_at(HERE, &Platform::Plain, flags, &[])
}

fn cloud_run() -> Platform {
    Platform::CloudRun {
        service: "agent".to_owned(),
    }
}

#[test]
fn everybody_may_call_only_on_this_machine_or_when_that_was_asked_for() {
    let nothing = || flags("");
    assert!(resolve_here(nothing()).unwrap().is_open());
    assert!(resolve_here(nothing()).unwrap().security().is_none());
    for platform in [Platform::Plain, cloud_run()] {
        let refused = resolve_at(ANYWHERE, &platform, nothing(), &[]).unwrap_err();
        assert!(
            refused
                .starts_with("ATTACHE_AUTH (--auth) is not set: the host is to listen on 0.0.0.0"),
            "{refused}"
        );
        assert!(refused.contains("or none to serve everybody"), "{refused}");
        let open = resolve_at(ANYWHERE, &platform, flags("none"), &[]);
        assert!(open.unwrap().is_open());
    }
}

#[test]
fn a_mode_that_cannot_be_says_why() {
    for (auth, why) in [
        (
            "basic",
            r#"there is no mode "basic"; give none, or some of api-key, oidc"#,
        ),
        ("none,oidc", "none is to ask nobody"),
        (",", "give none, or some of"),
        (
            "cloud-run-iam",
            "this is not Cloud Run (K_SERVICE is not set)",
        ),
        ("api-key", "ATTACHE_API_KEYS is not set: api-key needs keys"),
        ("oidc", "ATTACHE_OIDC_ISSUER (--oidc-issuer) is not set"),
        ("iap", "ATTACHE_IAP_AUDIENCE (--iap-audience) is not set"),
        (
            "google-access-token",
            "ATTACHE_GOOGLE_CLIENT_ID (--google-client-id) is not set",
        ),
    ] {
        let refused = resolve_here(flags(auth)).unwrap_err();
        assert!(refused.contains(why), "{auth}: {refused}");
    }
    let on_cloud_run = resolve_at(ANYWHERE, &cloud_run(), flags("cloud-run-iam"), &[]);
    assert!(on_cloud_run.unwrap().cloud_run.is_some());
}

#[test]
fn a_setting_without_its_mode_is_a_mistake() {
    let unused = [
        IdentityFlags {
            oidc_issuer: given("google"),
            ..flags("none")
        },
        IdentityFlags {
            iap_audience: given("/projects/1/global/backendServices/2"),
            ..flags("none")
        },
        IdentityFlags {
            google_client_id: given("client"),
            ..flags("")
        },
        IdentityFlags {
            auth_allow: given("@example.com"),
            ..flags("none")
        },
    ];
    for flags in unused {
        let refused = resolve_here(flags).unwrap_err();
        assert!(refused.contains(r#"is "none""#), "{refused}");
    }
    let keys: Variables = &[("ATTACHE_API_KEYS", KEY)];
    let refused = resolve_at(HERE, &Platform::Plain, flags("none"), keys).unwrap_err();
    assert!(refused.starts_with("ATTACHE_API_KEYS is set: it is for api-key"));
    assert!(!refused.contains("0000"), "{refused}");
}

fn oidc(issuer: &str) -> IdentityFlags {
    IdentityFlags {
        oidc_issuer: given(issuer),
        oidc_audience: given("https://agent.example, other"),
        ..flags("oidc")
    }
}

#[test]
fn issuers_are_urls_over_tls_or_google() {
    let config = resolve_here(oidc("google, https://issuer.example/tenant/")).unwrap();
    assert_eq!(config.audiences, ["https://agent.example", "other"]);
    let [google, other] = config.issuers.as_slice() else {
        panic!("{:?}", config.issuers);
    };
    assert_eq!(google.issuer, GOOGLE);
    assert_eq!(google.keys, KeySource::Url(GOOGLE_CERTS.parse().unwrap()));
    let described = KeySource::Issuer("https://issuer.example/tenant/".to_owned());
    assert_eq!(other.keys, described);

    for here in [
        "http://127.0.0.1:8080",
        "http://[::1]/x",
        "http://localhost",
    ] {
        assert!(resolve_here(oidc(here)).is_ok(), "{here}");
    }
    for wrong in [
        "http://issuer.example",
        "http://127.0.0.1.example",
        "https://me@issuer.example",
        "issuer.example",
        "https://issuer.example?x=1",
        "ftp://issuer.example",
    ] {
        let refused = resolve_here(oidc(wrong)).unwrap_err();
        assert!(refused.contains("ATTACHE_OIDC_ISSUER"), "{refused}");
    }
    let two_with_one_place = IdentityFlags {
        oidc_jwks_url: given("https://issuer.example/keys"),
        ..oidc("https://issuer.example, https://other.example")
    };
    let refused = resolve_here(two_with_one_place).unwrap_err();
    assert!(refused.contains("there are several issuers"), "{refused}");
}

#[test]
fn what_the_card_says_is_what_is_configured() {
    let all = IdentityFlags {
        iap_audience: given("/projects/1/locations/r/services/s"),
        google_client_id: given("client"),
        auth_scopes: given("openid email"),
        ..oidc("https://issuer.example")
    };
    let all = IdentityFlags {
        auth: given("api-key,oidc,iap,cloud-run-iam,google-access-token"),
        ..all
    };
    let keys: Variables = &[("ATTACHE_API_KEYS", KEY)];
    let config = resolve_at(ANYWHERE, &cloud_run(), all, keys).unwrap();
    let security: serde_json::Value = serde_json::from_str(&config.security().unwrap()).unwrap();
    let schemes = security["securitySchemes"].as_object().unwrap();
    let names: Vec<_> = schemes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["googleOAuth", "oidc", "apiKey", "iap", "cloudRunIam"]
    );
    assert_eq!(
        schemes["oidc"]["openIdConnectSecurityScheme"]["openIdConnectUrl"],
        "https://issuer.example/.well-known/openid-configuration"
    );
    assert_eq!(
        security["securityRequirements"],
        serde_json::json!([
            {"schemes": {"googleOAuth": {"list": ["openid", "email"]}}},
            {"schemes": {"oidc": {"list": ["openid", "email"]}}},
            {"schemes": {"apiKey": {}}},
            {"schemes": {"iap": {}}},
            {"schemes": {"cloudRunIam": {}}},
        ])
    );
}

#[test]
fn what_is_repeated_in_a_header_has_no_quotation_marks() {
    let quoted = IdentityFlags {
        auth_scopes: given(r#"read "write""#),
        ..oidc("google")
    };
    let refused = resolve_here(quoted).unwrap_err();
    assert!(refused.contains("ATTACHE_AUTH_SCOPES"), "{refused}");
}

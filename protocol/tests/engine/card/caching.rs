use http::Method;

use super::*;

const DEPLOYED_AT: &str = "Wed, 15 Jul 2026 12:00:00 GMT";

fn deployed() -> Rc<World> {
    let world = Rc::new(World::default());
    configure(&world, "attache_deployed_at", "1784116800");
    world
}

fn configure(world: &World, key: &str, value: &str) {
    let mut config = world.config.borrow_mut();
    config.insert(key.to_owned(), value.to_owned());
}

async fn asked(world: &Rc<World>, headers: &[(&'static str, &str)]) -> Got {
    let mut request = get(PATH);
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    ask(world, request).await
}

#[tokio::test]
async fn a_client_that_has_the_card_is_told_so() {
    let world = deployed();
    let first = ask(&world, get(PATH)).await;
    let etag = first.headers["etag"].to_str().unwrap();
    assert!(etag.starts_with('"'), "{etag}");
    let (weak, listed) = (format!("W/{etag}"), format!("\"other\", {etag}"));
    let cases: [&[(&str, &str)]; 7] = [
        &[("if-none-match", etag)],
        &[("if-none-match", &weak)],
        &[("if-none-match", &listed)],
        &[("if-none-match", "\"other\""), ("if-none-match", etag)],
        &[("if-none-match", "*")],
        &[("if-modified-since", DEPLOYED_AT)],
        &[("if-modified-since", "Thu, 16 Jul 2026 12:00:00 GMT")],
    ];
    for headers in cases {
        let again = asked(&world, headers).await;
        assert_eq!(
            (again.status.as_u16(), again.body.len()),
            (304, 0),
            "{headers:?}"
        );
        for name in ["etag", "cache-control", "last-modified", "vary"] {
            assert_eq!(again.headers[name], first.headers[name], "{headers:?}");
        }
    }
    let cases: [&[(&str, &str)]; 4] = [
        &[("if-none-match", "\"other\"")],
        &[
            ("if-none-match", "\"other\""),
            ("if-modified-since", DEPLOYED_AT),
        ],
        &[("if-modified-since", "Tue, 14 Jul 2026 12:00:00 GMT")],
        &[("if-modified-since", "now")],
    ];
    for headers in cases {
        assert_eq!(asked(&world, headers).await.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn the_answer_says_for_how_long_it_holds() {
    let card = ask(&deployed(), get(PATH)).await;
    assert_eq!(card.headers["cache-control"], "public, max-age=300");
    assert_eq!(card.headers["last-modified"], DEPLOYED_AT);
    assert_eq!(card.headers["content-type"], "application/json");
}

#[tokio::test]
async fn without_a_date_there_is_no_date() {
    for value in ["", "yesterday", "-1"] {
        let world = Rc::new(World::default());
        configure(&world, "attache_deployed_at", value);
        let card = ask(&world, get(PATH)).await;
        assert!(!card.headers.contains_key("last-modified"), "{value}");
        assert!(card.headers.contains_key("etag"));
    }
}

#[tokio::test]
async fn each_form_has_its_own_tag() {
    let world = deployed();
    let pure = ask(&world, get(PATH)).await;
    let mut request = get(PATH);
    request.headers_mut().remove("a2a-version");
    let hybrid = ask(&world, request).await;
    assert_ne!(pure.headers["etag"], hybrid.headers["etag"]);
    for card in [pure, hybrid] {
        assert_eq!(card.headers["vary"], "A2A-Version");
    }
    configure(&world, "attache_card", "pure");
    let fixed = ask(&world, get(PATH)).await;
    assert!(!fixed.headers.contains_key("vary"));
}

#[tokio::test]
async fn get_and_head_and_nothing_else() {
    let world = deployed();
    for path in [PATH, "/.well-known/agent.json"] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let mut request = get(path);
            *request.method_mut() = method.clone();
            let refused = ask(&world, request).await;
            assert_eq!(refused.status, 405, "{method}");
            assert_eq!(refused.headers["allow"], "GET, HEAD, OPTIONS");
        }
        let mut request = get(path);
        *request.method_mut() = Method::HEAD;
        let head = ask(&world, request).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.headers, ask(&world, get(path)).await.headers);
    }
}

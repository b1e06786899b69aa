use http::Method;

use super::*;

fn open_to(origins: &str) -> Rc<World> {
    let world = Rc::new(World::default());
    let allowed = ("attache_allow_origin".to_owned(), origins.to_owned());
    world.config.borrow_mut().extend([allowed]);
    world
}

#[tokio::test]
async fn only_the_card_is_for_pages_that_nobody_named() {
    for (origins, asking, told) in [
        ("", "https://a.example", None),
        ("https://b.example", "https://a.example", None),
        ("https://a.example", "https://a.example.evil.example", None),
        ("https://a.example", "null", None),
        (
            "https://b.example, https://a.example",
            "https://a.example",
            Some("https://a.example"),
        ),
        ("*", "https://a.example", Some("*")),
    ] {
        let world = open_to(origins);
        for method in [Method::GET, Method::OPTIONS] {
            let mut request = get("/tasks");
            *request.method_mut() = method;
            request
                .headers_mut()
                .insert("origin", asking.parse().unwrap());
            let answer = ask(&world, request).await;
            let allowed = answer.headers.get("access-control-allow-origin");
            let allowed = allowed.map(|value| value.to_str().unwrap());
            assert_eq!(allowed, told, "{origins:?} {asking}");
            let varies = answer.headers.get_all("vary").iter().any(|v| v == "Origin");
            assert_eq!(varies, told == Some(asking), "{origins:?} {asking}");
        }
        let card = ask(&world, get(PATH)).await;
        assert_eq!(card.headers["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn a_page_may_ask_every_path_first() {
    let world = open_to("*");
    for path in [
        PATH,
        "/",
        "/message:send",
        "/acme/tasks/t1:subscribe",
        "/nowhere",
    ] {
        let mut request = post(path, "");
        *request.method_mut() = Method::OPTIONS;
        let headers = request.headers_mut();
        headers.insert("origin", "https://inspector.example".parse().unwrap());
        headers.insert("access-control-request-method", "POST".parse().unwrap());
        headers.insert(
            "access-control-request-headers",
            "a2a-version,authorization,content-type".parse().unwrap(),
        );
        let answer = ask(&world, request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (204, 0),
            "{path}"
        );
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_ascii_lowercase();
        assert_eq!(header("access-control-allow-origin"), "*");
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
        for method in ["get", "post", "delete"] {
            assert!(header("access-control-allow-methods").contains(method));
        }
        for name in [
            "content-type",
            "authorization",
            "a2a-version",
            "a2a-extensions",
            "x-a2a-extensions",
            "last-event-id",
        ] {
            assert!(
                header("access-control-allow-headers").contains(name),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_page_may_read_every_answer() {
    let world = open_to("*");
    let requests = [
        get(PATH),
        get("/tasks"),
        get("/nowhere"),
        post("/", "{"),
        post(
            "/message:stream",
            json!({"message": message("m", "x")}).to_string(),
        ),
    ];
    for mut request in requests {
        let origin = "https://inspector.example".parse().unwrap();
        request.headers_mut().insert("origin", origin);
        let path = request.uri().path().to_owned();
        let answer = ask(&world, request).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{path}");
        let exposed = answer.headers["access-control-expose-headers"]
            .to_str()
            .unwrap();
        assert!(exposed.contains("A2A-Extensions") && exposed.contains("ETag"));
    }
}

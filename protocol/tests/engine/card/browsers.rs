use http::Method;

use super::*;

#[tokio::test]
async fn a_page_may_ask_every_path_first() {
    let world = Rc::new(World::default());
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
    let world = Rc::new(World::default());
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
    for request in requests {
        let path = request.uri().path().to_owned();
        let answer = ask(&world, request).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{path}");
        let exposed = answer.headers["access-control-expose-headers"]
            .to_str()
            .unwrap();
        assert!(exposed.contains("A2A-Extensions") && exposed.contains("ETag"));
    }
    let too_large = finish(attache_protocol::too_large(&post("/", ""), 7)).await;
    assert_eq!(too_large.status, 413);
    assert_eq!(too_large.headers["access-control-allow-origin"], "*");
}

//! Whose tasks are whose.

use super::api_keys::new;
use super::get_with;
use crate::client::{Protocol, empty, piece, request, send};
use crate::process::Host;

struct World {
    host: Host,
    ann: String,
    bob: String,
}

fn world() -> World {
    let ((ann, of_ann), (bob, of_bob)) = (new("ann"), new("bob"));
    let lines = format!("{of_ann},{of_bob}");
    let host = Host::start_with(
        &["--drain", "0.1"],
        &[("ATTACHE_AUTH", "api-key"), ("ATTACHE_API_KEYS", &lines)],
    );
    World { host, ann, bob }
}

impl World {
    async fn get(&self, key: &str, path: &str) -> String {
        let answer = get_with(&self.host, path, &[("x-api-key", key)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tasks_of_one_caller_are_not_there_for_another() {
    let world = world();
    let (ann, bob) = (world.ann.as_str(), world.bob.as_str());
    world.get(ann, "/runs/begin?id=one").await;
    let of_ann = world.get(ann, "/runs/get?id=one").await;
    assert!(of_ann.starts_with("State::Completed"), "{of_ann}");
    assert_eq!(world.get(ann, "/runs/list").await, "1 of 1");

    assert_eq!(world.get(bob, "/runs/list").await, "0 of 0");
    for path in ["/runs/get?id=one", "/runs/watch?id=one"] {
        let of_bob = world.get(bob, path).await;
        assert!(of_bob.contains("NotFound"), "{path}: {of_bob}");
    }
    world.get(bob, "/runs/cancel?id=one").await;
    assert_eq!(world.get(ann, "/runs/get?id=one").await, of_ann);
}

#[tokio::test(flavor = "multi_thread")]
async fn resumed_work_belongs_to_whom_it_belonged() {
    let mut world = world();
    let begun = request(&world.host, Protocol::Http1, "/runs/begin?id=cut&ms=50000")
        .header("x-api-key", &world.ann)
        .body(empty())
        .unwrap();
    let mut begun = send(world.host.address, Protocol::Http1, begun)
        .await
        .unwrap();
    piece(begun.body_mut()).await.unwrap().unwrap();
    world.host.signal("TERM");
    assert_eq!(world.host.wait(), Some(0));

    let next = Host::start_on(world.host.data(), &[]);
    next.log_with("cut belongs to issuer=api-key subject=ann email= scopes=");
    // Nor is it anybody's who is nobody.
    let of_nobody = get_with(&next, "/runs/get?id=cut", &[]).await.text;
    assert!(of_nobody.contains("NotFound"), "{of_nobody}");
}

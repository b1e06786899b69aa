//! Several readers of one task, and what a reader sees when (sections 3.1.2 and 3.5.2).

use std::rc::Rc;

use serde_json::json;
use tokio::time::Instant;

use super::*;

fn call(method: &str, params: &Value) -> Request<Vec<u8>> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    post("/", body.to_string())
}

/// The pieces of a stream, up to this many, and when each came.
async fn pieces(body: Body, most: usize) -> Vec<(Instant, String)> {
    let Body::Stream(stream) = body else {
        panic!("a stream")
    };
    let mut stream = stream.take(most);
    let mut seen = Vec::new();
    while let Some(piece) = stream.next().await {
        if let Piece::Data(bytes) = piece {
            seen.push((Instant::now(), String::from_utf8(bytes).unwrap()));
        }
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn progress_is_seen_while_the_work_goes_on() {
    let world = Rc::new(World::default());
    let params = json!({"message": message("m1", "work")});
    let began = Instant::now();
    let answer = server(&world)
        .handle(call("SendStreamingMessage", &params))
        .await;
    let seen = pieces(answer.response.into_body(), usize::MAX);
    let (seen, ()) = futures_util::future::join(seen, answer.after.unwrap()).await;
    let came = |word: &str| {
        let piece = seen.iter().find(|(_, text)| text.contains(word));
        piece.unwrap().0.duration_since(began).as_secs()
    };
    assert_eq!(
        (came("TASK_STATE_SUBMITTED"), came("TASK_STATE_WORKING")),
        (0, 0)
    );
    assert!(came("TASK_STATE_COMPLETED") >= 60);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_leaves_disturbs_neither_the_others_nor_the_task() {
    let world = Rc::new(World::default());
    let params = json!({"message": message("m1", "pieces")});
    let answer = server(&world)
        .handle(call("SendStreamingMessage", &params))
        .await;
    let work = answer.after.unwrap();
    // The sender itself leaves after two events.
    let sender = pieces(answer.response.into_body(), 2);
    let readers = async {
        let (sent, _) = (sender.await, ());
        let event: Value = serde_json::from_str(sent[0].1.split_once("data: ").unwrap().1).unwrap();
        let subscribe = json!({"id": event["result"]["task"]["id"]});
        let open = || async {
            let request = call("SubscribeToTask", &subscribe);
            server(&world).handle(request).await.response.into_body()
        };
        let (stays, leaves, stays_too) = (open().await, open().await, open().await);
        let all = futures_util::future::join3(
            pieces(stays, usize::MAX),
            pieces(leaves, 1),
            pieces(stays_too, usize::MAX),
        );
        let (one, left, two) = all.await;
        assert_eq!(left.len(), 1);
        let texts =
            |seen: Vec<(Instant, String)>| seen.into_iter().map(|(_, t)| t).collect::<Vec<_>>();
        let (one, two) = (texts(one), texts(two));
        assert_eq!(one, two);
        assert!(
            one.last().unwrap().contains("TASK_STATE_COMPLETED"),
            "{one:?}"
        );
    };
    let ((), ()) = futures_util::future::join(readers, work).await;
    let list = rpc(&world, "ListTasks", json!({})).await;
    assert_eq!(
        list["result"]["tasks"][0]["status"]["state"],
        "TASK_STATE_COMPLETED"
    );
}

//! A Cloud Tasks with one queue: takes tasks strictly, and calls as the real one does, with its
//! headers, again after every answer that is not 2xx, and twice where a test asks for that.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::task::Task;

pub(crate) const QUEUE: &str = "projects/my-project/locations/europe-west1/queues/agent";

/// Between two calls for the same task, at first and at the most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// What a request to create a task comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Take,
    /// Takes it, and loses the answer the first time.
    TakeAndFail,
    Refuse(u16),
    Hang,
}

#[derive(Clone)]
pub(crate) struct Queue(Arc<Inner>);

struct Inner {
    url: String,
    mode: Mutex<Mode>,
    /// Where the service is; none while the queue is paused.
    service: watch::Sender<Option<String>>,
    /// How many calls are sent at the same time for one task.
    copies: Mutex<usize>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Every request to create a task: whether it was one, and what was wrong otherwise.
    pub(crate) requests: Vec<Result<(), String>>,
    pub(crate) tasks: Vec<Task>,
    /// What the calls were answered; none when nobody answered.
    pub(crate) calls: Vec<Option<u16>>,
    names: HashSet<String>,
}

impl Queue {
    /// A queue that is paused.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let queue = Self(Arc::new(Inner {
            url: format!("http://{}", listener.local_addr().unwrap()),
            mode: Mutex::new(Mode::Take),
            service: watch::Sender::new(None),
            copies: Mutex::new(1),
            seen: Mutex::default(),
        }));
        let taking = queue.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let queue = taking.clone();
                let take = service_fn(move |request| {
                    let queue = queue.clone();
                    async move { Ok::<_, Infallible>(queue.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), take);
                tokio::spawn(connection);
            }
        });
        queue
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn mode(&self, mode: Mode) {
        *self.0.mode.lock().unwrap() = mode;
    }

    pub(crate) fn call_in_copies(&self, copies: usize) {
        *self.0.copies.lock().unwrap() = copies;
    }

    /// Calls the service at this URL from now on, instead of the one that tasks name.
    pub(crate) fn resume(&self, service: &str) {
        self.0.service.send_replace(Some(service.to_owned()));
    }

    /// Begins no more calls.
    pub(crate) fn pause(&self) {
        self.0.service.send_replace(None);
    }

    /// All that happened so far. No request may have been wrong.
    pub(crate) fn seen(&self) -> Seen {
        let seen = self.0.seen.lock().unwrap().clone();
        assert!(seen.requests.iter().all(Result::is_ok), "{seen:?}");
        seen
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let task = Task::read(QUEUE, &head.method, head.uri.path(), &head.headers, &body);
        let noted = task.as_ref().map(drop).map_err(Clone::clone);
        self.0.seen.lock().unwrap().requests.push(noted);
        let task = match task {
            Ok(task) => task,
            Err(why) => return status(400, "INVALID_ARGUMENT", &why),
        };
        let mode = *self.0.mode.lock().unwrap();
        match mode {
            Mode::Hang => {
                sleep(Duration::from_secs(60)).await;
                return status(504, "DEADLINE_EXCEEDED", "too late");
            }
            Mode::Refuse(code) => return status(code, "REFUSED", "The test refuses."),
            Mode::Take | Mode::TakeAndFail => {}
        }
        {
            let mut seen = self.0.seen.lock().unwrap();
            if !seen.names.insert(task.name.clone()) {
                return status(409, "ALREADY_EXISTS", "Requested entity already exists");
            }
            seen.tasks.push(task.clone());
        }
        let answer = json!({ "name": task.name, "view": "BASIC" }).to_string();
        for _ in 0..*self.0.copies.lock().unwrap() {
            tokio::spawn(self.clone().call(task.clone()));
        }
        if mode == Mode::TakeAndFail {
            return status(503, "UNAVAILABLE", "The test loses the answer.");
        }
        Response::new(Full::from(answer))
    }

    /// Calls until the answer is 2xx.
    async fn call(self, task: Task) {
        let client = reqwest::Client::new();
        let mut service = self.0.service.subscribe();
        let mut pause = BACK_OFF.0;
        for retries in 0.. {
            let base = service.wait_for(Option::is_some).await.unwrap().clone();
            let base = base.unwrap();
            let request = &task.http_request;
            let mut call = client.post(format!("{base}{}", request.path()));
            for (name, value) in request.headers() {
                call = call.header(name, value);
            }
            let (queue, name) = (
                QUEUE.rsplit('/').next().unwrap(),
                task.name.rsplit('/').next().unwrap(),
            );
            let answer = call
                .header("user-agent", "Google-Cloud-Tasks")
                .header("authorization", "Bearer an.identity.token")
                .header("x-cloudtasks-queuename", queue)
                .header("x-cloudtasks-taskname", name)
                .header("x-cloudtasks-taskretrycount", retries.to_string())
                .header("x-cloudtasks-taskexecutioncount", "0")
                .header("x-cloudtasks-tasketa", "1800000000.5")
                .body(request.body())
                .send()
                .await;
            let answer = answer.ok().map(|answer| answer.status());
            let code = answer.map(|status| status.as_u16());
            self.0.seen.lock().unwrap().calls.push(code);
            if answer.is_some_and(|status| status.is_success()) {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }
}

fn status(code: u16, name: &str, message: &str) -> Response<Full<Bytes>> {
    let body = json!({ "error": { "code": code, "message": message, "status": name } });
    Response::builder()
        .status(StatusCode::from_u16(code).unwrap())
        .header("content-type", "application/json; charset=UTF-8")
        .body(Full::from(body.to_string()))
        .unwrap()
}

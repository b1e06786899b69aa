use super::*;

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);

fn admission(instances: u32, places: u32, wait: Duration) -> Admission {
    Admission::new(
        instances,
        Queueing {
            places: Some(places),
            wait,
        },
    )
}

fn client(name: &str) -> Option<Client> {
    Some(Client::Caller(name.into()))
}

/// Whether it has an answer yet.
fn look<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn is_busy<T>(answer: Poll<Result<T, NotAdmitted>>) -> bool {
    matches!(answer, Poll::Ready(Err(NotAdmitted::Busy { .. })))
}

#[tokio::test]
async fn who_comes_first_is_let_in_first() {
    let admission = admission(1, 2, LONG);
    let running = admission.admit(None).await.unwrap();
    let (mut first, mut second) = (pin!(admission.admit(None)), pin!(admission.admit(None)));
    assert!(look(first.as_mut()).is_pending());
    assert!(look(second.as_mut()).is_pending());
    assert_eq!((admission.queued(), admission.in_use()), (2, 1));
    assert!(is_busy(look(pin!(admission.admit(None)))));

    drop(running);
    // Somebody new does not overtake, and finds a place that became free.
    assert!(look(second.as_mut()).is_pending());
    let Poll::Ready(Ok(running)) = look(first.as_mut()) else {
        panic!("the first still waits");
    };
    let mut third = pin!(admission.admit(None));
    assert!(look(third.as_mut()).is_pending());
    drop(running);
    assert!(look(third.as_mut()).is_pending());
    assert!(look(second.as_mut()).is_ready());
}

#[tokio::test]
async fn who_leaves_gives_its_place_up() {
    let admission = admission(1, 1, LONG);
    let running = admission.admit(None).await.unwrap();
    {
        let mut leaving = pin!(admission.admit(client("a")));
        assert!(look(leaving.as_mut()).is_pending());
        assert_eq!(admission.queued(), 1);
    }
    assert_eq!(admission.queued(), 0);
    let mut waiting = pin!(admission.admit(client("a")));
    assert!(look(waiting.as_mut()).is_pending());
    drop(running);
    assert!(look(waiting.as_mut()).is_ready());
    assert!(admission.0.queue().clients.is_empty());
}

#[tokio::test]
async fn one_client_has_half_of_the_queue() {
    let admission = admission(1, 4, LONG);
    let _running = admission.admit(None).await.unwrap();
    let mut greedy = [(); 2].map(|()| Box::pin(admission.admit(client("greedy"))));
    assert!(greedy.iter_mut().all(|it| look(it.as_mut()).is_pending()));
    assert!(is_busy(look(pin!(admission.admit(client("greedy"))))));
    assert!(look(pin!(admission.admit(client("modest")))).is_pending());
}

#[tokio::test]
async fn a_wait_has_an_end_and_tells_when_to_come_back() {
    let admission = admission(2, 4, SHORT);
    admission.0.queue().held = Some(Duration::from_secs(8));
    let _running = (
        admission.admit(None).await.unwrap(),
        admission.admit(None).await.unwrap(),
    );
    // One request, each eight seconds, over two instances.
    assert_eq!(
        admission.admit(None).await.unwrap_err(),
        NotAdmitted::Busy {
            instances: 2,
            retry: Duration::from_secs(4)
        }
    );
    assert_eq!(admission.queued(), 0);
}

#[tokio::test]
async fn without_a_queue_nobody_waits() {
    let admission = admission(1, 0, LONG);
    let _running = admission.admit(None).await.unwrap();
    assert!(is_busy(look(pin!(admission.admit(None)))));
}

#[tokio::test]
async fn the_end_is_told_to_all_who_wait() {
    let admission = admission(1, 1, LONG);
    let running = admission.admit(None).await.unwrap();
    let mut waiting = pin!(admission.admit(None));
    assert!(look(waiting.as_mut()).is_pending());
    admission.close();
    assert_eq!(waiting.await.unwrap_err(), NotAdmitted::Closed);
    drop(running);
    assert_eq!(
        admission.admit(None).await.unwrap_err(),
        NotAdmitted::Closed
    );
}

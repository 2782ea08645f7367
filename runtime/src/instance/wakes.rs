//! What if a task is woken while it runs?
//!
//! The actor wakes itself with nearly every call of a guest: what a guest returns or asks goes through channels within its
//! task. To tokio that is a task that yields. It goes behind all others, another thread is woken to take it, and the store
//! moves to that thread's processor: which takes longer than what the task was woken for. So such a wake is kept back here, and
//! answered by polling again at once; a few times, so that others on the thread have their turn too.

use futures::task::AtomicWaker;
use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// How often a future is polled in a row. One that wants more waits for its turn like any other: it may also be that tokio
/// wants it to.
const MOST_POLLS: u32 = 8;

/// The future is being polled.
const POLLED: u8 = 1;
/// It was woken since that began.
const WOKEN: u8 = 2;

/// Runs a future, which is polled again at once when it was woken while it was polled.
pub async fn polled_again_at_once<F: Future>(future: F) -> F::Output {
    let wakes = Arc::<Wakes>::default();
    let own = Waker::from(Arc::clone(&wakes));
    let mut future = pin!(future);
    poll_fn(|context| {
        wakes.task.register(context.waker());
        for _ in 0..MOST_POLLS {
            // Takes the wakes along that came until now: this poll answers them.
            wakes.state.swap(POLLED, Ordering::AcqRel);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&own)) {
                return Poll::Ready(output);
            }
            if wakes.state.compare_exchange(POLLED, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Poll::Pending;
            }
        }
        wakes.state.swap(0, Ordering::AcqRel);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// What the future is woken by.
#[derive(Default)]
struct Wakes {
    state: AtomicU8,
    /// The task in which the future is.
    task: AtomicWaker,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::AcqRel) & POLLED == 0 {
            self.task.wake();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures::task::noop_waker;
    use std::sync::atomic::AtomicU32;
    use tokio::sync::mpsc;

    /// Counts how often a task is woken.
    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A future that is ready when it was polled so often, and wakes itself each time before.
    fn ready_after(polls: u32) -> impl Future<Output = ()> {
        let mut left = polls;
        poll_fn(move |context| {
            left -= 1;
            if left == 0 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }

    #[test]
    fn a_future_that_wakes_itself_does_not_wake_its_task() {
        let count = Arc::<Count>::default();
        let waker = Waker::from(Arc::clone(&count));
        let mut future = pin!(polled_again_at_once(ready_after(MOST_POLLS)));
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_future_that_wakes_itself_again_and_again_waits_for_its_turn() {
        let count = Arc::<Count>::default();
        let waker = Waker::from(Arc::clone(&count));
        let mut future = pin!(polled_again_at_once(ready_after(MOST_POLLS + 1)));
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn a_wake_before_the_first_poll_and_one_after_the_last_are_harmless() {
        let mut kept = None;
        let mut future = Box::pin(polled_again_at_once(poll_fn(|context| {
            kept = Some(context.waker().clone());
            Poll::<()>::Pending
        })));
        assert!(future.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending());
        drop(future);
        kept.unwrap().wake();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_wake_of_another_thread_is_lost() {
        const MESSAGES: u32 = 20_000;
        let (sender, mut receiver) = mpsc::channel(1);
        let reader = tokio::spawn(polled_again_at_once(async move {
            let mut sum = 0_u64;
            while let Some(number) = receiver.recv().await {
                sum += u64::from(number);
            }
            sum
        }));
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for number in 0..MESSAGES {
                        sender.send(number).await.unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        for sender in senders {
            sender.await.unwrap();
        }
        assert_eq!(reader.await.unwrap(), u64::from(MESSAGES) * u64::from(MESSAGES - 1));
    }
}

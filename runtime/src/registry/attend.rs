//! What may come while a call of a machine runs, and what becomes of it.

use super::{command::Command, keeper::Keeper};
use crate::{
    broker::Call,
    instance::{CallEnd, Instance, Payload},
    jobs::Patience,
    model::{DriverError, ErrorKind},
};
use futures::future::{FusedFuture as _, FutureExt as _};
use std::{pin::pin, sync::Arc};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

impl Keeper {
    /// Runs a call and takes commands meanwhile. Those that want the machine for themselves end the call and wait in
    /// `pending`.
    pub(super) async fn attend(
        &mut self,
        instance: &Arc<Instance>,
        generation: u64,
        call: Arc<Call>,
        payload: Payload,
    ) -> CallEnd {
        self.attend_after(std::future::ready(()), instance, generation, call, payload).await
    }

    /// The same for a call that begins while something `before` it comes to its end, which is over when this returns. Commands
    /// wait for that: until then it is not known whether the call is to be.
    pub(super) async fn attend_after(
        &mut self,
        before: impl Future<Output = ()>,
        instance: &Arc<Instance>,
        generation: u64,
        call: Arc<Call>,
        payload: Payload,
    ) -> CallEnd {
        let mut before = pin!(before.fuse());
        let running = instance.call(generation, Arc::clone(&call), payload);
        tokio::pin!(running);
        let mut patience = Patience::of(&call, &self.machine, &self.services.store);
        let mut drain = None;
        loop {
            tokio::select! {
                biased;
                // First: what it writes goes to the store before anything that the call does.
                () = &mut before => {}
                end = &mut running => {
                    if !before.is_terminated() {
                        before.await;
                    }
                    return end;
                }
                () = patience.look() => {}
                () = drained(drain.as_ref()), if !call.is_cancelled() => {
                    call.cancel("ostler stops, and could wait no longer for the label");
                }
                Some(command) = self.commands.recv(), if before.is_terminated() => {
                    match &command {
                        Command::Look if self.machine.is_active() => {}
                        Command::Look => call.cancel("the machine was switched off"),
                        Command::Restart { .. } => call.cancel("the machine is restarted"),
                        Command::Remove { .. } => call.cancel("the machine was removed"),
                        Command::Shutdown { at_once, .. } if call.job.is_some() => {
                            call.wind_down("ostler stops");
                            drain = Some((Instant::now() + self.services.limits().drain(), at_once.clone()));
                        }
                        Command::Shutdown { .. } => call.cancel("ostler stops"),
                        Command::Job | Command::Cancel { .. } | Command::Run(_) | Command::Reload { .. } => {}
                    }
                    match command {
                        Command::Look | Command::Job => {}
                        Command::Cancel { job, reply } => {
                            let ours = call.job == Some(job);
                            if ours {
                                call.cancel_by_operator();
                            }
                            let _ = reply.send(ours);
                        }
                        Command::Run(wanted) if call.job.is_some() => {
                            let _ = wanted.reply.send(CallEnd::Returned(Err(self.busy(&call))));
                        }
                        other => self.pending.push_back(other),
                    }
                }
            }
        }
    }

    /// It would wait for as long as the job takes, and somebody waits for it.
    fn busy(&self, call: &Call) -> DriverError {
        let job = call.job.map(|job| format!("job {job}")).unwrap_or_default();
        let message = format!("'{}' is busy with {job}: try again when it is over, or cancel it", self.machine.name());
        DriverError::new(ErrorKind::Transient, "busy", message)
    }
}

/// Completes when a job in hand got all the time that it gets when the daemon stops; never while it does not.
async fn drained(drain: Option<&(Instant, CancellationToken)>) {
    match drain {
        Some((until, at_once)) => tokio::select! {
            () = sleep_until(*until) => {}
            () = at_once.cancelled() => {}
        },
        None => std::future::pending().await,
    }
}

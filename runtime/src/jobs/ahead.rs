//! The label that will be wanted next, made before it is asked for.
//!
//! The first label of a document of pixels is made when the job is handed in: the document is decoded then anyway, to see whether
//! it can be printed. Any other one is made while the one before it is on its way to the device.
//!
//! The driver asks for one label after the other, mostly in the same way. So whenever it has got one, the next one is rendered,
//! of this job or of the one behind it, and the driver finds it in the renderer's cache. A guess that was wrong costs the time of
//! a worker, and nothing else: nobody waits for it, and what it fails with is told when the label is really wanted.
//!
//! The job behind is kept as well, also for drivers that ask for no dots: see
//! [`Attempt::expected`](super::attempt::Attempt::expected).

use crate::{
    broker::{Machine, PrintRun, Services},
    model::Value,
};
use ostler_render::{Output, Raster};
use std::{collections::BTreeMap, sync::Arc};

/// Larger documents are not read for a guess.
const MOST_BYTES: i64 = 1 << 20;

/// How the first label of a job that is handed in will be asked for; nothing when that is not known, or the document is too large
/// for a guess.
pub fn first_label(machine: &Machine, document: &[u8], options: &BTreeMap<String, Value>) -> Option<(Raster, Output)> {
    let small = i64::try_from(document.len()).is_ok_and(|bytes| bytes <= MOST_BYTES);
    if small { machine.expected(options) } else { None }
}

/// Renders the label behind the one at `index`, in the same way.
pub fn render_next(services: &Arc<Services>, run: &Arc<PrintRun>, index: u32, raster: Raster, output: Output) {
    let (services, run) = (Arc::clone(services), Arc::clone(run));
    tokio::spawn(async move {
        let next = index.saturating_add(1);
        if next < run.job.label_count {
            let _ = run.render(&services.render, next, raster, output).await;
            return;
        }
        let Some(behind) = run.look_behind(MOST_BYTES).await else { return };
        // With other options it would be asked for in another way.
        if behind.job.options == run.job.options {
            let _ = behind.render(&services.render, behind.job.labels.done, raster, output).await;
        }
    });
}

/// Looks for the job behind this one, when its label at `index` is begun and is the last.
pub fn look_behind(run: &Arc<PrintRun>, index: u32) {
    if index.saturating_add(1) >= run.job.label_count && !run.has_looked_behind() {
        let run = Arc::clone(run);
        tokio::spawn(async move { run.look_behind(MOST_BYTES).await });
    }
}

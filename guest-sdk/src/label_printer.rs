//! The machine type `label-printer`: its trait, its statuses, and
//! [`export_label_printer!`](crate::export_label_printer).

use crate::printing::PrintJob;
use crate::{Machine, Result, Setting};

ostler_sdk_macros::machine_type! {
    path: "../wit/label-printer",
    module: label_printer,

    /// What a label printer's driver implements: at least [`print_label`](Self::print_label).
    pub trait LabelPrinter {
        /// Options that a job on this machine may set, beside `copies`, which is always there. None unless
        /// overridden.
        async fn printing_options(&self, machine: &Machine) -> Result<Vec<Setting>> {
            let _ = machine;
            Ok(Vec::new())
        }

        /// Prints the job's labels from the first unfinished one on, in order. Calls
        /// [`print_label`](Self::print_label) for each; overridden by drivers that keep a connection over the whole
        /// job.
        async fn print_labels(&self, machine: &Machine, job: &PrintJob) -> Result<()> {
            for index in job.labels_left() {
                self.print_label(machine, job, index).await?;
            }
            Ok(())
        }

        /// Prints one label with all its copies: `label_started`, the bytes, `label_done`.
        async fn print_label(&self, machine: &Machine, job: &PrintJob, index: u32) -> Result<()>;
    }
}

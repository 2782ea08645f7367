//! What does a machine take? Asked of its driver before a job is stored: options, loaded media, formats of its own.
//!
//! Only a ready machine's driver can be asked. Of the others the options are known that were heard last; a driver that
//! gives no answer does not stand in the way of a job that needs none.

use crate::{
    broker::{Call, CallKind, Machine},
    instance::{Answer, Beside, CallEnd, Payload},
    model::{DriverError, ErrorKind, LoadedMedia, OptionSpec},
};
use std::sync::Arc;

/// Asks one machine's driver.
pub struct Intake {
    machine: Arc<Machine>,
    beside: Beside,
}

impl Intake {
    /// The way to the driver of a machine.
    pub fn new(machine: Arc<Machine>, beside: Beside) -> Self {
        Self { machine, beside }
    }

    /// The density for which rows of a template are checked, in dots per millimetre: the device's if that is known. Else the
    /// coarsest that printers have, at which codes are largest.
    pub fn density(&self) -> u32 {
        const COARSEST: u32 = 8;
        self.machine.known_density().unwrap_or(COARSEST)
    }

    /// The machine.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// What a job may set beside `copies`. Nothing when that is not known: the driver was never heard.
    pub async fn options(&self) -> Result<Option<Arc<[OptionSpec]>>, DriverError> {
        if self.machine.machine_type.intake.options.is_none() {
            return Ok(Some(Arc::default()));
        }
        match self.ask(CallKind::Options).await {
            Some(Ok(Answer::Options(options))) => {
                let options: Arc<[OptionSpec]> = options.into();
                self.machine.remember_options(Arc::clone(&options));
                Ok(Some(options))
            }
            Some(Err(error)) if error.kind == ErrorKind::Unsupported => Ok(Some(Arc::default())),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) | None => Ok(self.machine.known_options()),
        }
    }

    /// What is loaded, as far as the driver can tell.
    pub async fn media(&self) -> Option<LoadedMedia> {
        self.machine.machine_type.intake.media.as_ref()?;
        match self.ask(CallKind::Media).await? {
            Ok(Answer::Media(media)) => media,
            Ok(_) => None,
            Err(error) => {
                self.unanswered("what is loaded", &error);
                None
            }
        }
    }

    /// The media types that are taken as they are.
    pub async fn formats(&self) -> Vec<String> {
        if self.machine.machine_type.intake.formats.is_none() {
            return Vec::new();
        }
        match self.ask(CallKind::Formats).await {
            Some(Ok(Answer::Formats(formats))) => formats,
            Some(Err(error)) => {
                self.unanswered("which formats it takes", &error);
                Vec::new()
            }
            Some(Ok(_)) | None => Vec::new(),
        }
    }

    /// Nothing when nobody can be asked.
    async fn ask(&self, kind: CallKind) -> Option<Result<Answer, DriverError>> {
        let call = Call::of_machine(kind, Arc::clone(&self.machine));
        match self.beside.call(call, Payload::None).await? {
            CallEnd::Returned(answer) => Some(answer),
            CallEnd::NotRunning => None,
            end => end.failure().map(Err),
        }
    }

    fn unanswered(&self, what: &str, error: &DriverError) {
        if error.kind != ErrorKind::Unsupported {
            self.machine.write_log("warn", &format!("the driver did not say {what}: {error}"), Vec::new());
        }
    }
}

//! What was found out about a printer since its machine was initialised.

use ostler_sdk::{Machine, Property};
use ostler_zpl::{Firmware, HostStatus, Identity};

use crate::session::Session;

/// Where the durable store has the printer whose counter was seen to count.
const COUNTING: &str = "counting-printer";

/// How many conversations in a row may ask for variables in vain, until none does any more. One may have met a printer, or a
/// network, that was slow for a moment.
const VAIN_CONVERSATIONS: u8 = 3;

/// What was found out about a printer.
#[derive(Debug, Clone, Default)]
pub struct Printer {
    pub identity: Option<Identity>,
    /// Whether a printing job asked for the identity in vain; then none asks again.
    pub identity_in_vain: bool,
    /// Whether it ever answered a question; nothing before the first one.
    pub answers: Option<bool>,
    /// Whether `getvar` was asked in vain too often, or its counter proved wrong. It is not asked again then.
    pub without_variables: bool,
    /// How many conversations in a row asked for variables in vain.
    pub vain_conversations: u8,
    /// Whether its counter was seen to count.
    pub counts: bool,
    /// What it said last about its media and work.
    pub status: Option<HostStatus>,
    /// The values of [`ostler_zpl::VARIABLES`].
    pub variables: Option<Vec<String>>,
    /// Keys and values of the properties that were shown last.
    pub shown: Vec<(String, String)>,
}

impl Printer {
    /// Whether to ask for variables: of a printer whose firmware knows them, until it was in vain too often.
    pub fn uses_variables(&self) -> bool {
        let knows = self.identity.as_ref().and_then(Identity::release).is_some_and(Firmware::knows_variables);
        knows && !self.without_variables
    }

    /// Keeps what a conversation has shown.
    pub fn learn(&mut self, session: &Session) {
        if let Some(heard) = session.answered() {
            // Once it did, a later silence is something else than a printer that cannot.
            self.answers = Some(heard || self.answers == Some(true));
        }
        if session.report().count.is_some() || session.variables().is_some() {
            self.vain_conversations = 0;
        } else if self.uses_variables() && session.tells_of_vain_question() {
            self.vain_conversations += 1;
            self.without_variables = self.vain_conversations >= VAIN_CONVERSATIONS;
        }
        if let Some(status) = session.report().status {
            self.status = Some(status);
        }
        // The counter is the first of the variables, and the newest answer the best.
        let known = self.variables.as_mut().and_then(|variables| variables.first_mut());
        if let (Some(known), Some(count)) = (known, session.report().count) {
            *known = count.to_string();
        }
    }

    /// Shows properties, when they are others than the last time.
    pub fn show(&mut self, machine: &Machine, properties: &[Property]) {
        let now: Vec<_> = properties.iter().map(|property| (property.key.clone(), property.value.clone())).collect();
        if now != self.shown {
            machine.set_properties(properties);
            self.shown = now;
        }
    }

    /// Notes that the counter of this printer counts, also for the next start. If it cannot be kept, it is noted with
    /// the next label: that is no reason to doubt this one.
    pub async fn trust_counter(&mut self, machine: &Machine) {
        if self.counts {
            return;
        }
        self.counts = true;
        let name = self.name().into_bytes();
        if !self.is_counter_known(machine).await {
            self.counts = machine.store_set(COUNTING, Some(&name)).await.is_ok();
        }
    }

    /// Whether the counter of this printer was ever seen to count.
    pub async fn is_counter_trusted(&self, machine: &Machine) -> bool {
        self.counts || self.is_counter_known(machine).await
    }

    async fn is_counter_known(&self, machine: &Machine) -> bool {
        machine.store_get(COUNTING).await.is_ok_and(|known| known.as_deref() == Some(self.name().as_bytes()))
    }

    /// The model and firmware: another printer under the same address has to show anew what it can.
    fn name(&self) -> String {
        self.identity.as_ref().map(|identity| format!("{},{}", identity.model, identity.firmware)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_asked_of_printers_that_know_them_only() {
        let identity =
            |firmware: &str| Identity { model: "X".into(), firmware: firmware.into(), dpmm: 8, memory: String::new() };
        let printer = |firmware| Printer { identity: Some(identity(firmware)), ..Printer::default() };
        assert!(printer("V93.21.26Z").uses_variables());
        assert!(!printer("V60.14.1Z").uses_variables() && !Printer::default().uses_variables());
        assert!(!Printer { without_variables: true, ..printer("V93.21.26Z") }.uses_variables());
    }
}

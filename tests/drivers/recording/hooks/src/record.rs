//! One record: what a hook tells the recorder, and what it is told to do.
//!
//! A record is a line of fields between tabs: instance, number within the instance, hook, machine, what else there is to say.
//! Whoever connects tells everything that was not told yet, its own record last, and ends its side; the answer is a line.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use ostler_sdk::{Connection, Error, Machine, Result};

use crate::settings::RECORDER;

/// How long to wait before a device that another call uses is asked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Longer than any call may take.
const PATIENCE: Duration = Duration::from_hours(1);
/// The longest answer in bytes.
const MAX_ANSWER: u32 = 1000;

thread_local! {
    /// Tells this instance from all others.
    static INSTANCE: u64 = RandomState::new().hash_one("instance");
    /// How many hooks ran in this instance.
    static COUNT: Cell<u32> = const { Cell::new(0) };
    /// Records on their way, by their numbers. They are told by the next hook if their own could not.
    static UNTOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a record of a hook without a machine, for the next hook to tell.
pub fn keep(hook: &str) {
    let record = record(hook, "", "");
    UNTOLD.with_borrow_mut(|untold| untold.push(record));
}

fn record(hook: &str, machine: &str, what: &str) -> String {
    let number = COUNT.get() + 1;
    COUNT.set(number);
    format!("{:x}\t{number}\t{hook}\t{machine}\t{what}\n", INSTANCE.with(|instance| *instance))
}

/// A hook that runs.
pub struct Hook<'a> {
    name: &'static str,
    machine: &'a Machine,
    what: String,
}

impl<'a> Hook<'a> {
    /// A hook of a machine.
    pub fn new(name: &'static str, machine: &'a Machine) -> Self {
        Self { name, machine, what: String::new() }
    }

    /// The same hook, with more to say.
    pub fn with(self, what: String) -> Self {
        Self { what, ..self }
    }

    /// Tells the recorder and waits for its answer.
    pub async fn tell(&self) -> Result<Answer> {
        let mut line = self.connect().await?;
        line.send().await?;
        line.answer().await
    }

    /// Connects. The hook counts from here on, and is told later if it cannot be told now.
    pub async fn connect(&self) -> Result<Line> {
        let mut line = Line { record: record(self.name, &self.machine.name(), &self.what), connection: None };
        loop {
            match self.machine.connect(RECORDER).await {
                Ok(connection) => {
                    line.connection = Some(connection);
                    return Ok(line);
                }
                // Hooks that overlap another call of the machine wait for it.
                Err(error) if error.code == "busy" => self.machine.sleep(LOOK_AGAIN).await?,
                Err(error) => return Err(error),
            }
        }
    }
}

/// A connection to the recorder with a record to tell.
pub struct Line {
    record: String,
    connection: Option<Connection>,
}

impl Line {
    /// Tells what was not told before, and this record.
    pub async fn send(&mut self) -> Result<()> {
        let mut text: String = UNTOLD.take().concat();
        text.push_str(&std::mem::take(&mut self.record));
        let sent = match &self.connection {
            Some(connection) => match connection.write_all(text.as_bytes()).await {
                Ok(()) => connection.close_write().await,
                Err(error) => Err(error),
            },
            None => Err(Error::transient("not-connected", "the recorder is not connected")),
        };
        if sent.is_err() {
            self.record = text;
        }
        sent
    }

    /// Waits for what the recorder wants.
    pub async fn answer(&self) -> Result<Answer> {
        let Some(connection) = &self.connection else { return Ok(Answer::Ok) };
        let answer = connection.read_until(b'\n', MAX_ANSWER, PATIENCE).await?;
        Answer::parse(String::from_utf8_lossy(&answer).trim())
    }
}

/// What was not told is left for the next hook.
impl Drop for Line {
    fn drop(&mut self) {
        let record = std::mem::take(&mut self.record);
        if !record.is_empty() {
            UNTOLD.with_borrow_mut(|untold| untold.push(record));
        }
    }
}

/// What the recorder wants a hook to do.
pub enum Answer {
    /// Go on.
    Ok,
    /// Fail with this message.
    Fail(String),
    /// Trap.
    Trap,
    /// Never return, also when it is cancelled.
    Hang,
    /// Ask for a restart, with this reason.
    Restart(String),
    /// Refuse the value of this setting.
    Refuse(String),
    /// Offer these choices.
    Choices(Vec<String>),
}

impl Answer {
    fn parse(text: &str) -> Result<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "ok" => Ok(Self::Ok),
            "fail" => Ok(Self::Fail(rest.to_owned())),
            "trap" => Ok(Self::Trap),
            "hang" => Ok(Self::Hang),
            "restart" => Ok(Self::Restart(rest.to_owned())),
            "refuse" => Ok(Self::Refuse(rest.to_owned())),
            "choices" => Ok(Self::Choices(rest.split(' ').map(str::to_owned).collect())),
            _ => Err(Error::permanent("protocol", format!("the recorder says '{text}'"))),
        }
    }

    /// Does it, as far as every hook can.
    pub async fn obey(self) -> Result<()> {
        match self {
            Self::Ok | Self::Choices(_) | Self::Restart(_) => Ok(()),
            Self::Fail(message) => Err(Error::transient("recorder", message)),
            Self::Refuse(key) => Err(Error::invalid("recorder", format!("the value of {key} is refused"))),
            #[allow(clippy::panic)] // that is what was asked for
            Self::Trap => panic!("the recording driver traps on purpose"),
            Self::Hang => std::future::pending().await,
        }
    }
}

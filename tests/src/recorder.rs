//! What the recording drivers (`tests/drivers/recording`, `recording-next`) tell of their hooks, and what they are to do.
//!
//! A recorder is a TCP server on loopback, which all machines of a test have as their device. Each hook tells it one line and
//! waits for the answer, so nothing is lost with an instance, and the order of the lines is that of the hooks. Hooks of one
//! instance are numbered, so a line that is missing shows.

use crate::{PATIENCE, until};
use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Instant,
};

/// Hears the hooks of the recording drivers.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they came; those of one instance in the order of their numbers.
    records: Vec<Record>,
    /// How many of them [`Recorder::heard`] has compared.
    compared: usize,
    /// Instances that were heard before these.
    known: Vec<String>,
    /// What a hook of a machine is answered; `ok` when there is nothing.
    answers: HashMap<(String, String), Answer>,
}

/// What a hook is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Wait for another answer. It notices when it is cancelled.
    Wait,
    /// Return this error.
    Fail(&'static str),
    /// Trap.
    Trap,
    /// Never return, also when it is cancelled.
    Hang,
    /// Ask for a restart, with this reason; for `update-machine`.
    Restart(&'static str),
    /// Refuse the value of this setting; for `validate-settings`.
    Refuse(&'static str),
    /// Offer these values, with spaces between them; for `setting-choices`.
    Choices(&'static str),
}

/// One hook.
#[derive(Debug, Clone)]
struct Record {
    instance: String,
    number: u32,
    hook: String,
    machine: String,
    what: String,
}

impl Record {
    fn parse(line: &str) -> Self {
        let fields: Vec<_> = line.split('\t').collect();
        let [instance, number, hook, machine, what] = fields[..] else { panic!("the recorder is told '{line}'") };
        let [instance, hook, machine, what] = [instance, hook, machine, what].map(str::to_owned);
        Self { instance, number: number.parse().unwrap(), hook, machine, what }
    }

    /// `init-driver`, `stop-machine left`, `update-machine left: left, active, NOTE="a"`.
    fn line(&self) -> String {
        let machine = if self.machine.is_empty() { String::new() } else { format!(" {}", self.machine) };
        let what = if self.what.is_empty() { String::new() } else { format!(": {}", self.what) };
        format!("{}{machine}{what}", self.hook)
    }
}

impl Recorder {
    /// A recorder that has heard nothing.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let of_server = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_server);
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    /// The setting of a machine that tells this recorder.
    pub fn setting(&self) -> String {
        format!("RECORDER=tcp://{}", self.address)
    }

    /// What a hook of a machine is to do from now on; a hook that waits does it at once.
    pub fn answer(&self, hook: &str, machine: &str, answer: Answer) {
        self.shared.state().answers.insert((hook.to_owned(), machine.to_owned()), answer);
        self.shared.changed.notify_all();
    }

    /// Lets a hook of a machine go on as if nobody had said anything; also one that waits.
    pub fn let_go(&self, hook: &str, machine: &str) {
        self.shared.state().answers.remove(&(hook.to_owned(), machine.to_owned()));
        self.shared.changed.notify_all();
    }

    /// How often a hook of a machine was heard, over all instances.
    pub fn count(&self, hook: &str, machine: &str) -> usize {
        self.shared.state().records.iter().filter(|record| record.hook == hook && record.machine == machine).count()
    }

    /// Waits until as many hooks were heard since the last time, and fails the test unless they are exactly these.
    ///
    /// Each `init-driver` begins another instance, and what stands behind it ran in that one. What stands before the first
    /// ran in instances that were there already. Within an instance, the hooks of one machine have the order that they have
    /// here; machines run side by side, so there is none between them.
    #[track_caller]
    pub fn heard(&self, hooks: &[&str]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let mut state = self.shared.state();
            let new = &state.records[state.compared..];
            if new.len() >= hooks.len() && state.is_without_gap() {
                let told = told(new, &state.known);
                let expected = expected(hooks);
                assert!(told == expected, "hooks that ran:\n{}\nhooks that should:\n{}", show(&told), show(&expected));
                state.compared = state.records.len();
                let instances = state.records.iter().map(|record| record.instance.clone());
                state.known = instances.collect();
                return;
            }
            assert!(Instant::now() < end, "only these hooks ran:\n{}", show(&told(new, &state.known)));
            drop(state);
            thread::sleep(crate::LOOK_AGAIN);
        }
    }

    /// Forgets what was heard up to now; for the beginning of a test whose subject is something else.
    pub fn skip(&self) {
        let mut state = self.shared.state();
        state.compared = state.records.len();
        let instances = state.records.iter().map(|record| record.instance.clone());
        state.known = instances.collect();
    }

    /// Waits until a hook of a machine was heard so often, over all instances.
    #[track_caller]
    pub fn until_count(&self, hook: &str, machine: &str, count: usize) {
        until(&format!("{hook} {machine} ran {count} times"), || self.count(hook, machine) >= count);
    }
}

impl State {
    /// Keeps a record in its place: one that overtook an earlier one of its instance is put behind it.
    fn keep(&mut self, record: Record) {
        let behind = |of: &Record| of.instance == record.instance && of.number > record.number;
        let at =
            self.records[self.compared..].iter().position(behind).map_or(self.records.len(), |at| at + self.compared);
        self.records.insert(at, record);
    }

    fn is_without_gap(&self) -> bool {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        self.records.iter().all(|record| {
            let last = numbers.entry(&record.instance).or_default();
            *last += 1;
            *last == record.number
        })
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Hears what one hook tells, and answers the last record.
    fn serve(&self, mut stream: TcpStream) {
        let mut text = String::new();
        // A hook that was cancelled in the middle tells its record later.
        if stream.read_to_string(&mut text).is_err() || !text.ends_with('\n') {
            return;
        }
        let records: Vec<_> = text.lines().map(Record::parse).collect();
        let mut state = self.state();
        for record in &records {
            state.keep(record.clone());
        }
        let Some(last) = records.last() else { return };
        let hook = (last.hook.clone(), last.machine.clone());
        let answer = loop {
            match state.answers.get(&hook) {
                Some(Answer::Wait) => state = self.changed.wait(state).unwrap(),
                None => break "ok\n".to_owned(),
                Some(Answer::Fail(message)) => break format!("fail {message}\n"),
                Some(Answer::Trap) => break "trap\n".to_owned(),
                Some(Answer::Hang) => break "hang\n".to_owned(),
                Some(Answer::Restart(reason)) => break format!("restart {reason}\n"),
                Some(Answer::Refuse(key)) => break format!("refuse {key}\n"),
                Some(Answer::Choices(values)) => break format!("choices {values}\n"),
            }
        };
        drop(state);
        // A hook that was cancelled meanwhile does not hear it.
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// Instances, each with its hooks machine by machine: the ones that were there already first, then the new ones.
type Story = Vec<Vec<String>>;

fn told(records: &[Record], known: &[String]) -> Story {
    let mut old = Vec::new();
    let mut new: Vec<(&str, Vec<&Record>)> = Vec::new();
    for record in records {
        if known.contains(&record.instance) {
            old.push(record);
        } else if let Some((_, hooks)) = new.iter_mut().find(|(instance, _)| *instance == record.instance) {
            hooks.push(record);
        } else {
            new.push((&record.instance, vec![record]));
        }
    }
    let lines = |hooks: Vec<&Record>| hooks.into_iter().map(Record::line).collect();
    story(lines(old), new.into_iter().map(|(_, hooks)| lines(hooks)).collect())
}

fn expected(hooks: &[&str]) -> Story {
    let mut instances = vec![Vec::new()];
    for hook in hooks {
        if *hook == "init-driver" {
            instances.push(Vec::new());
        }
        instances.last_mut().unwrap().push((*hook).to_owned());
    }
    let old = instances.remove(0);
    story(old, instances)
}

fn story(old: Vec<String>, new: Vec<Vec<String>>) -> Story {
    let mut new: Vec<_> = new.into_iter().map(by_machine).collect();
    new.sort();
    [vec![by_machine(old)], new].concat()
}

/// Hooks by machine, each machine's in order.
fn by_machine(mut hooks: Vec<String>) -> Vec<String> {
    hooks.sort_by_key(|hook| hook.split([' ', ':']).nth(1).unwrap_or_default().to_owned());
    hooks
}

fn show(story: &Story) -> String {
    let instances: Vec<_> = story.iter().map(|hooks| hooks.join("\n  ")).collect();
    format!("  {}", instances.join("\n  --\n  "))
}

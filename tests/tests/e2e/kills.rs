//! SIGKILL under load, again and again: several machines print, clients hand in work, and the daemon ends without a word.
//!
//! After each kill, for each machine: at most one job is `unknown`, and only one whose label was started; everything else that
//! was acknowledged comes out exactly once; and the printers, which count for themselves, agree with the ledger.
//!
//! Which moment a kill hit is told by the printer afterwards. Kills go on until each moment was hit [`HITS`] times.

use ostler_simulators::ZebraPrinter;
use ostler_tests::{Daemon, Label, client::send, printer, printer::runtime};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Machines that print side by side.
const MACHINES: usize = 6;
/// How often each moment is to be hit, unless `OSTLER_KILLS` says so.
const HITS: usize = 100;
/// What each of the four parts of a print takes: no moment is so short that it is never hit.
const PACE: &str = "PACE=15";
/// A client hands in an order for each machine this often: more than are printed, so that no machine is idle.
const ORDER_PAUSE: Duration = Duration::from_millis(90);

/// Moments of a label at which a kill may come.
const MOMENTS: [&str; 4] =
    ["enqueued, not started", "started, no byte sent", "in the middle of its bytes", "all bytes sent, not committed"];

/// A printer, and what it has shown so far.
struct Press {
    zebra: ZebraPrinter,
    machine: String,
    /// Bytes that arrived.
    bytes: u64,
    /// The jobs whose labels came out, in that order. The printer itself remembers the latest only.
    printed: Vec<i64>,
    /// Bytes of a label that did not come to its end, since the look before.
    partial: u64,
}

/// What clients have asked for: the job of each order that was acknowledged.
type Orders = BTreeMap<(usize, u64), Option<i64>>;

#[test]
fn kills_at_every_moment_of_a_label_lose_nothing_print_nothing_twice_and_leave_one_label_in_doubt_at_most() {
    let hits = std::env::var("OSTLER_KILLS").map_or(HITS, |text| text.parse().unwrap());
    let mut random = StdRng::seed_from_u64(7);
    let mut daemon = Daemon::builder().ping_interval(0).start();
    daemon.install("ostler_driver_hostile");
    let mut presses: Vec<_> = (0..MACHINES).map(|at| press(&daemon, at)).collect();
    let mut orders = Orders::new();
    let mut counts = [0; MOMENTS.len()];
    let mut kills = 0;
    let mut in_doubt = BTreeSet::new();
    while counts.iter().any(|count| *count < hits) {
        assert!(kills < hits * 10, "the kills never come at some moments: {counts:?} of {kills}");
        let client = Client::start(daemon.data(), &presses, std::mem::take(&mut orders));
        std::thread::sleep(Duration::from_millis(random.random_range(60..260))); // the moment of the kill is random
        daemon.kill();
        kills += 1;
        orders = client.stop();
        presses.iter_mut().for_each(Press::look);
        daemon.restart();
        let hit = judge(&daemon, &presses, &mut in_doubt, &orders);
        for (count, hit) in counts.iter_mut().zip(hit) {
            *count += usize::from(hit);
        }
    }
    settle(&daemon, &mut presses, orders, &in_doubt);
    let printed: usize = presses.iter().map(|press| press.printed.len()).sum();
    println!("{kills} kills, {printed} labels on {MACHINES} machines, {} in doubt", in_doubt.len());
    for (moment, count) in MOMENTS.iter().zip(counts) {
        println!("{count:5} kills hit a label that was {moment}");
    }
}

fn press(daemon: &Daemon, at: usize) -> Press {
    let zebra = printer::zebra();
    let machine = daemon.add(&format!("press {at}"), "hostile", &[&format!("CONNECTION={}", zebra.uri()), PACE]);
    Press { machine: machine["pk"].as_str().unwrap().to_owned(), zebra, bytes: 0, printed: Vec::new(), partial: 0 }
}

/// What the driver sends for the first label of a job.
fn sent(job: i64) -> String {
    format!("^XA^FO{job},0^GFA,8,8,1,FF818181818181FF^FS^XZ")
}

/// The job of a label that came out.
fn job_of(format: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(format);
    let place = text.split("^FO").nth(1).and_then(|rest| rest.split(',').next());
    place.and_then(|job| job.parse().ok()).unwrap_or_else(|| panic!("not a label of ours: {text}"))
}

fn unknown_jobs(daemon: &Daemon, machine: &str) -> Vec<Value> {
    let jobs = daemon.get(&format!("/api/job/?machine={machine}&limit=1000&state=unknown"));
    jobs.as_array().unwrap().clone()
}

impl Press {
    /// Waits until what the system still holds for it has arrived, and takes it in.
    fn look(&mut self) {
        printer::until(&self.zebra, |state| state.connections_open == 0);
        let known = self.printed.len() as u64;
        let labels = self.zebra.labels();
        let new: Vec<_> =
            labels.iter().filter(|label| label.index >= known).map(|label| job_of(&label.format)).collect();
        self.printed.extend(&new);
        assert_eq!(self.printed.len() as u64, self.zebra.label_count(), "the printer forgot labels");
        let whole: usize = new.iter().map(|job| sent(*job).len()).sum();
        let received = self.zebra.received_bytes();
        self.partial = received - self.bytes - whole as u64;
        self.bytes = received;
    }
}

/// Compares every machine after a kill with its printer, and tells which moments the kill hit.
fn judge(daemon: &Daemon, presses: &[Press], in_doubt: &mut BTreeSet<i64>, orders: &Orders) -> [bool; MOMENTS.len()] {
    let mut hit = [false; MOMENTS.len()];
    for (at, Press { machine, printed, partial, .. }) in presses.iter().enumerate() {
        let unknown = unknown_jobs(daemon, machine);
        let new: Vec<_> = unknown.iter().filter(|job| !in_doubt.contains(&job["id"].as_i64().unwrap())).collect();
        assert!(new.len() <= 1, "a kill left several labels of one machine in doubt: {new:#?}");
        if let Some(job) = new.first() {
            let id = job["id"].as_i64().unwrap();
            assert_eq!((&job["labels"]["started"], &job["error"]["code"]), (&0.into(), &"daemon-stopped".into()));
            in_doubt.insert(id);
            let moment = match (printed.contains(&id), partial) {
                (true, _) => 3,
                (false, 0) => 1,
                (false, _) => 2,
            };
            hit[moment] = true;
        } else {
            assert_eq!(*partial, 0, "bytes of a label arrived that was not started");
            hit[0] |= orders.iter().any(|((of, _), job)| {
                *of == at && job.is_some_and(|job| !printed.contains(&job) && !in_doubt.contains(&job))
            });
        }
    }
    hit
}

/// Lets everything come out, and compares the printers with the ledger.
fn settle(daemon: &Daemon, presses: &mut [Press], orders: Orders, in_doubt: &BTreeSet<i64>) {
    // What was not acknowledged is asked for again: it is there, or it is stored now.
    let document = document();
    let mut jobs = BTreeMap::new();
    for ((at, number), acknowledged) in orders {
        let path = order(&presses[at].machine, at, number);
        let (status, job) = daemon.request("POST", &path, Some(("image/png", document.clone())));
        assert_eq!(status, 201, "{job:#}");
        let id = job["id"].as_i64().unwrap();
        assert!(acknowledged.is_none_or(|known| known == id), "order {number} of machine {at} is two jobs");
        assert!(jobs.insert(id, at).is_none(), "two orders are one job");
    }
    for id in jobs.keys() {
        let state = daemon.job_over(*id)["state"].clone();
        assert_eq!(state, if in_doubt.contains(id) { "unknown" } else { "done" }, "job {id}");
    }
    for (at, press) in presses.iter_mut().enumerate() {
        press.look();
        let distinct: BTreeSet<_> = press.printed.iter().copied().collect();
        assert_eq!(distinct.len(), press.printed.len(), "a label came out twice at machine {at}");
        let expected: BTreeSet<_> = jobs
            .iter()
            .filter(|(id, of)| **of == at && (!in_doubt.contains(id) || distinct.contains(id)))
            .map(|(id, _)| *id)
            .collect();
        let differ: Vec<_> = distinct.symmetric_difference(&expected).collect();
        assert!(differ.is_empty(), "the printer and the ledger of machine {at} differ: {differ:?}");
    }
}

fn document() -> Vec<u8> {
    Label::new(400, 600, "ORDER").png()
}

/// Where an order goes; sent again, it is the same one.
fn order(machine: &str, at: usize, number: u64) -> String {
    format!("/api/job/?machine={machine}&idempotency_key={at}-{number}")
}

/// Hands in orders until it is stopped.
struct Client {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Orders>,
}

impl Client {
    fn start(data: PathBuf, presses: &[Press], orders: Orders) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let machines: Vec<_> = presses.iter().map(|press| press.machine.clone()).collect();
        let task = runtime().spawn(hand_in(data, machines, orders, Arc::clone(&stop)));
        Self { stop, task }
    }

    fn stop(self) -> Orders {
        self.stop.store(true, Ordering::Release);
        runtime().block_on(self.task).unwrap()
    }
}

async fn hand_in(data: PathBuf, machines: Vec<String>, mut orders: Orders, stop: Arc<AtomicBool>) -> Orders {
    let document = document();
    let mut pause = tokio::time::interval(ORDER_PAUSE);
    pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.load(Ordering::Acquire) {
        pause.tick().await;
        for (at, machine) in machines.iter().enumerate() {
            let number = orders.range((at, 0)..(at + 1, 0)).next_back().map_or(0, |((_, last), _)| last + 1);
            orders.insert((at, number), None);
            let path = order(machine, at, number);
            let answer = send(&data, "POST", &path, Some(("image/png", document.clone()))).await;
            // An answer that does not come says nothing about the order.
            let Ok((status, job)) = answer else { return orders };
            assert_eq!(status, 201, "{job:#}");
            orders.insert((at, number), job["id"].as_i64());
        }
    }
    orders
}

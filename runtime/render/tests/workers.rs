//! Workers that die, hang, or have served enough.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use std::fs;
use std::num::NonZeroU32;
use std::path::Path;

use common::chunks::{self, chunk, header};
use common::{Picture, bitmap, noise, pool, try_bitmap, worker};
use ostler_render::{ErrorClass, PoolSize, Raster, RenderError, RenderLimits, RenderPool, WorkerCommand};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::TempDir;

/// The real worker behind a shell that writes down its process number.
fn noting_worker(folder: &Path) -> WorkerCommand {
    let script = r#"echo $$ >> "$0"; exec "$1""#;
    let args = vec!["-c".into(), script.into(), folder.join("pids").into(), worker().program.into()];
    WorkerCommand { program: "/bin/sh".into(), args }
}

fn pids(folder: &Path) -> Vec<Pid> {
    let lines = fs::read_to_string(folder.join("pids")).unwrap_or_default();
    lines.lines().map(|line| Pid::from_raw(line.parse().unwrap()).unwrap()).collect()
}

/// Gone, or a zombie whose other threads are gone: until then it cannot be waited for.
fn is_dead(pid: Pid) -> bool {
    let zombie = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "));
    is_gone(pid) || zombie && fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|threads| threads.count() == 1)
}

/// Not even a zombie is left.
fn is_gone(pid: Pid) -> bool {
    test_kill_process(pid).is_err()
}

fn small() -> (Vec<u8>, Raster) {
    (Picture::lines(&["#."]).file(), Raster::new(8, 2, 1))
}

fn one_worker(requests: u32) -> PoolSize {
    let requests_per_worker = NonZeroU32::new(requests).unwrap();
    PoolSize { workers: NonZeroU32::MIN, requests_per_worker, cache_bytes: 0 }
}

#[tokio::test]
async fn one_worker_serves_many_requests_one_after_the_other() {
    let folder = TempDir::new().unwrap();
    let pool = RenderPool::new(RenderLimits::default(), noting_worker(folder.path()));
    let (png, raster) = small();
    for _ in 0..20 {
        bitmap(&pool, &png, raster).await;
    }
    assert_eq!(pids(folder.path()).len(), 1);
    pool.end_idle().await;
    assert!(pids(folder.path()).into_iter().all(is_gone));
}

#[tokio::test]
async fn a_worker_killed_in_the_middle_is_replaced_and_the_request_gets_its_answer() {
    let folder = TempDir::new().unwrap();
    let pool = RenderPool::with_size(RenderLimits::default(), noting_worker(folder.path()), one_worker(1_000));
    let (png, raster) = small();
    bitmap(&pool, &png, raster).await;
    let pid = pids(folder.path())[0];
    // Stopped, it takes the request and does nothing.
    kill_process(pid, Signal::STOP).unwrap();
    let request = try_bitmap(&pool, &png, raster);
    let killer = async {
        while pool.idle_workers() > 0 {
            tokio::task::yield_now().await;
        }
        kill_process(pid, Signal::KILL).unwrap();
    };
    tokio::join!(request, killer).0.unwrap();
    assert!(is_gone(pid));
    assert_eq!(pids(folder.path()).len(), 2);
}

#[tokio::test]
async fn a_worker_that_died_while_idle_is_replaced_unnoticed() {
    let folder = TempDir::new().unwrap();
    let pool = RenderPool::with_size(RenderLimits::default(), noting_worker(folder.path()), one_worker(1_000));
    let (png, raster) = small();
    bitmap(&pool, &png, raster).await;
    let pid = pids(folder.path())[0];
    kill_process(pid, Signal::KILL).unwrap();
    while !is_dead(pid) {
        tokio::task::yield_now().await;
    }
    bitmap(&pool, &png, raster).await;
    assert_eq!(pids(folder.path()).len(), 2);
}

#[tokio::test]
async fn at_its_deadline_a_worker_is_killed_and_the_error_says_so() {
    let folder = TempDir::new().unwrap();
    let limits = RenderLimits { time_ms: 1_000, ..RenderLimits::default() };
    let pool = RenderPool::with_size(limits, noting_worker(folder.path()), one_worker(1_000));
    let (png, raster) = small();
    bitmap(&pool, &png, raster).await;
    let pid = pids(folder.path())[0];
    kill_process(pid, Signal::STOP).unwrap();
    let error = try_bitmap(&pool, &png, raster).await.unwrap_err();
    assert_eq!(error, RenderError::Deadline { limit_ms: 1_000 });
    assert_eq!(error.class(), ErrorClass::Limit);
    assert!(is_gone(pid));
    bitmap(&pool, &png, raster).await;
}

#[tokio::test]
async fn a_document_that_takes_too_long_meets_the_deadline() {
    let image = chunk(*b"IDAT", &chunks::zeros(80_001 * 10_000 / 258 + 1));
    let png = chunks::file(&[header(10_000, 10_000, 16, 6, 0), image]);
    let limits = RenderLimits { time_ms: 60, ..RenderLimits::default() };
    let error = try_bitmap(&RenderPool::new(limits, worker()), &png, Raster::new(8, 8, 8)).await;
    assert_eq!(error.unwrap_err(), RenderError::Deadline { limit_ms: 60 });
}

#[tokio::test]
async fn a_caller_that_gives_up_takes_the_busy_worker_with_it() {
    let folder = TempDir::new().unwrap();
    let size = one_worker(1_000);
    let pool = RenderPool::with_size(RenderLimits::default(), noting_worker(folder.path()), size);
    let (png, raster) = small();
    bitmap(&pool, &png, raster).await;
    let pid = pids(folder.path())[0];
    kill_process(pid, Signal::STOP).unwrap();
    {
        let request = std::pin::pin!(try_bitmap(&pool, &png, raster));
        let gives_up = async {
            while pool.idle_workers() > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = request => panic!("a stopped worker answered"),
            () = gives_up => {}
        }
    }
    bitmap(&pool, &png, raster).await;
    assert_eq!(pids(folder.path()).len(), 2);
    while !is_gone(pid) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn after_its_number_of_requests_a_worker_is_replaced() {
    let folder = TempDir::new().unwrap();
    let size = one_worker(3);
    let pool = RenderPool::with_size(RenderLimits::default(), noting_worker(folder.path()), size);
    let (png, raster) = small();
    for _ in 0..7 {
        bitmap(&pool, &png, raster).await;
    }
    let pids = pids(folder.path());
    assert_eq!(pids.iter().map(|pid| is_gone(*pid)).collect::<Vec<_>>(), [true, true, false]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_requests_at_once_share_the_workers_and_get_their_own_answers() {
    let folder = TempDir::new().unwrap();
    let workers = NonZeroU32::new(3).unwrap();
    let size = PoolSize { workers, cache_bytes: 0, ..PoolSize::default() };
    let pool = RenderPool::with_size(RenderLimits::default(), noting_worker(folder.path()), size);
    let requests = (0..100_u8).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let data = noise(16 * 16).into_iter().map(|value| value.wrapping_add(number));
            let data: Vec<u8> = data.collect();
            let png = Picture::grey(16, 16, data.clone()).file();
            let bitmap = bitmap(&pool, &png, Raster::new(8, 16, 16)).await;
            let dots = (0..16).flat_map(|y| (0..16).map(move |x| (x, y)));
            let seen = dots.map(|(x, y)| bitmap.is_black(x, y));
            assert!(seen.eq(data.into_iter().map(|lightness| lightness < 128)), "{number}");
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    assert_eq!(pids(folder.path()).len(), 3);
    assert_eq!(pool.idle_workers(), 3);
}

#[tokio::test]
async fn a_program_that_is_missing_or_no_worker_is_named() {
    let (png, raster) = small();
    let attempt = async |program: &str| {
        let command = WorkerCommand { program: program.into(), args: Vec::new() };
        let pool = RenderPool::new(RenderLimits::default(), command);
        try_bitmap(&pool, &png, raster).await.unwrap_err()
    };
    let missing = attempt("/nonexistent/ostler").await;
    assert!(matches!(&missing, RenderError::WorkerStart { program, .. } if program == "/nonexistent/ostler"));
    // It ends at once; what it reads back is not a reply.
    assert_eq!(attempt("/bin/true").await.class(), ErrorClass::Worker);
    assert_eq!(attempt("/bin/cat").await.class(), ErrorClass::Worker);
}

#[tokio::test]
async fn however_little_memory_there_is_the_error_says_that_it_is_memory() {
    let (width, height) = (2_000, 1_500);
    let image = chunk(*b"IDAT", &chunks::zeros((width * 4 + 1) * height / 258 + 1));
    let png = chunks::file(&[header(width as u32, height as u32, 8, 6, 0), image]);
    let raster = Raster::new(8, 800, 600);
    let mut outcomes = Vec::new();
    for quarters in (1..400).step_by(7) {
        let limits = RenderLimits { memory_bytes: quarters << 18, ..RenderLimits::default() };
        let pool = RenderPool::new(limits, worker());
        match try_bitmap(&pool, &png, raster).await {
            Ok(_) => outcomes.push(true),
            Err(error) => {
                assert_eq!(error.class(), ErrorClass::Limit, "{quarters}: {error}");
                outcomes.push(false);
            }
        }
    }
    // Some is too little, some is enough, and more is never worse.
    assert!(outcomes.is_sorted() && outcomes.contains(&true), "{outcomes:?}");
}

#[tokio::test]
async fn a_pool_that_is_dropped_leaves_no_worker() {
    let folder = TempDir::new().unwrap();
    let pool_of = |folder: &Path| RenderPool::new(RenderLimits::default(), noting_worker(folder));
    let (png, raster) = small();
    let dropped = pool_of(folder.path());
    bitmap(&dropped, &png, raster).await;
    drop(dropped);
    let pid = pids(folder.path())[0];
    while !is_gone(pid) {
        tokio::task::yield_now().await;
    }
    bitmap(&pool(), &png, raster).await;
}

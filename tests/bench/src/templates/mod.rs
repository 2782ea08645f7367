//! What a label of a template costs on its way to dots: our pool with one worker, beside `WeasyPrint` and Poppler, which is how
//! `InvenTree` makes its labels.
//!
//! `label.typ` and `label.html` are the same label. [`weasyprint`] is the baseline's process.

mod weasyprint;

use crate::{
    processes,
    report::{Row, Section, ratio},
    rounds::{Rounds, median, nanoseconds, quantile},
};
use anyhow::{Result, bail, ensure};
use ostler_render::{
    Bitmap, Output, PoolSize, Raster, RenderLimits, RenderPool, Rendered, WorkerCommand, template::Fields,
};
use ostler_tests::counterpart::zbarimg;
use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;
use weasyprint::WeasyPrint;

/// Our side of the label.
const TEMPLATE: &str = include_str!("label.typ");
/// 4 x 6 inch.
const RASTER: Raster = Raster::new(8, 812, 1218);
/// Rounds that count; one more goes before them.
const ROUNDS: usize = 11;
/// Of our side in a round. All of them are fewer than a worker serves before a fresh one takes its place.
const LABELS: usize = 80;
/// Of the baseline in a round: the first of ours.
const THEIR_LABELS: usize = 20;
/// A warm label.
const MOST_MILLISECONDS: f64 = 10.0;

/// What one side took in a round.
#[derive(Debug)]
struct Took {
    /// Of each label, in milliseconds.
    times: Vec<f64>,
    /// Processor time of all of them.
    processor: Duration,
}

impl Took {
    /// Rows that a core makes in a minute.
    fn rate(&self) -> f64 {
        60e3 / self.each()
    }

    /// Milliseconds of processor time a label.
    #[allow(clippy::cast_precision_loss)] // dozens
    fn each(&self) -> f64 {
        self.processor.as_secs_f64() * 1e3 / self.times.len() as f64
    }
}

/// Measures.
pub fn run() -> Result<Section> {
    let ours = Ours::start()?;
    let mut theirs = WeasyPrint::start()?;
    same_codes(&ours, &mut theirs)?;
    let (mut times, mut their_times) = (Vec::new(), Vec::new());
    let (mut rates, mut processor) = (Rounds::default(), Rounds::default());
    for round in 0..=ROUNDS {
        let rows: Vec<_> = (round * LABELS..(round + 1) * LABELS).map(row).collect();
        theirs.take(rows.get(..THEIR_LABELS).unwrap_or_default())?;
        // Each goes first in turn.
        let (their, our) = if round % 2 == 0 {
            let their = theirs.render()?;
            (their, ours.render(&rows)?)
        } else {
            let our = ours.render(&rows)?;
            (theirs.render()?, our)
        };
        if round > 0 {
            rates.add(their.rate(), our.rate());
            processor.add(their.each(), our.each());
            times.extend(our.times);
            their_times.extend(their.times);
        }
    }
    let late = quantile(&times, 95);
    let middle = median(times);
    let warm = Row {
        what: "a label, p50".to_owned(),
        bar: format!("<= {MOST_MILLISECONDS} ms"),
        baseline: format!("{:.2} ms", median(their_times)),
        measured: format!("{middle:.2} ms"),
        result: format!("{middle:.2} ms (p95 {late:.2} ms)"),
        reached: Some(middle <= MOST_MILLISECONDS),
    };
    let rows = Row {
        what: "rows a minute and core".to_owned(),
        bar: "none".to_owned(),
        baseline: format!("{:.0}/min ({:.2} ms of processor time each)", rates.baseline(), processor.baseline()),
        measured: format!("{:.0}/min ({:.2} ms of processor time each)", rates.subject(), processor.subject()),
        result: ratio(rates.ratio(), rates.ratios()),
        reached: None,
    };
    let method = format!(
        "A shipping label of 4 x 6 inch at 8 dots/mm with 15 texts, one of them white on a bar, three lines, a QR code and a \
         Code 128; every label another row. Ours: `RenderPool::render_label` to a bitmap, from the fields on, the codes made \
         anew for each label; the pool has one worker, which runs already and has seen the template. The baseline is what \
         InvenTree does, without what it need not do for each label: one process of Python, which runs already too, fills \
         an HTML file in and makes a PDF of it with WeasyPrint {}, and a process of `pdftoppm -mono -r 203` for each label \
         makes dots of that, through pipes; fonts are set up once and not with each label, everything in the HTML has its \
         place, and its codes are pictures that segno and python-barcode made beforehand, which is not counted. `zbarimg` \
         reads the same codes from a label of either side. A label's time is by the clock. Rows a minute and core are what \
         the processor time of a label comes to: on our side that of the worker and of this process, which asks it, on the \
         other that of Python and pdftoppm. {LABELS} labels a round on our side, the first {THEIR_LABELS} of them on the \
         other, which take turns; rates and processor time are medians of {ROUNDS} rounds, times those of all their labels.",
        theirs.version()
    );
    Ok(Section { title: "A label of a template to dots", method, rows: vec![warm, rows] })
}

/// The fields of one label: what differs in the rows of one dispatch.
fn row(number: usize) -> Fields {
    let texts = [
        ("sender", "Ostler Workshop, Mill Lane 4, 70173 Stuttgart".to_owned()),
        ("receiver", format!("Maria Example {number:03}")),
        ("street", format!("Harbour Street {}", number % 200 + 1)),
        ("city", format!("{:05} Hamburg", 20_000 + number)),
        ("country", "Germany".to_owned()),
        ("date", "2026-11-27".to_owned()),
        ("weight", format!("{}.{:02} kg", number % 30 + 1, number % 100)),
        ("reference", format!("PO {:07}", 4_500_000 + number)),
        ("note", "FRAGILE: THIS SIDE UP".to_owned()),
        ("link", format!("https://example.org/t/OST-2026-{number:08}")),
        ("shipment", format!("OST-2026-{number:08}")),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// Fails unless both sides print what a scanner reads in the same way.
fn same_codes(ours: &Ours, theirs: &mut WeasyPrint) -> Result<()> {
    let row = row((ROUNDS + 1) * LABELS);
    let png = ours.bitmap(&row)?.to_png(RASTER.dpmm)?;
    let mut our = zbarimg(&png);
    let mut their = zbarimg(&theirs.png(&row)?);
    let text = |name| row.get(name).map(String::as_str).unwrap_or_default();
    let mut right = [format!("CODE-128:{}", text("shipment")), format!("QR-Code:{}", text("link"))];
    right.sort();
    our.sort();
    their.sort();
    ensure!(our == right && their == right, "the labels differ: ours has {our:?}, the baseline's {their:?}");
    Ok(())
}

/// Our side, for all rounds.
struct Ours {
    runtime: Runtime,
    pool: RenderPool,
}

impl Ours {
    fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let worker = WorkerCommand { program: std::env::current_exe()?, args: vec![crate::pages::WORKER.into()] };
        let size = PoolSize { workers: NonZeroU32::MIN, ..PoolSize::default() };
        Ok(Self { runtime, pool: RenderPool::with_size(RenderLimits::default(), worker, size) })
    }

    /// One after the other.
    fn render(&self, rows: &[Fields]) -> Result<Took> {
        let process = std::process::id();
        let mut times = Vec::new();
        let before = processes::processor_time(process)?;
        for row in rows {
            let begin = Instant::now();
            self.bitmap(row)?;
            times.push(nanoseconds(begin.elapsed()) / 1e6);
        }
        // The baseline is a child, too, and waits meanwhile.
        let processor = processes::processor_time(process)?.saturating_sub(before);
        Ok(Took { times, processor })
    }

    fn bitmap(&self, row: &Fields) -> Result<Bitmap> {
        let rendered = self.pool.render_label(TEMPLATE.as_bytes(), row, RASTER, Output::Bitmap);
        match self.runtime.block_on(rendered)? {
            Rendered::Bitmap(bitmap) => Ok(bitmap),
            Rendered::Png(_) | Rendered::Pdf(_) => bail!("the pool answered in another form"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_row_fits_the_template_and_differs_from_the_others() {
        let template = ostler_render::template::parse(TEMPLATE).unwrap();
        let rows: Vec<_> = (0..=(ROUNDS + 1) * LABELS).map(row).collect();
        for row in &rows {
            assert_eq!(template.row_of_texts(row).as_ref(), Ok(row));
        }
        let different: std::collections::BTreeSet<_> = rows.iter().collect();
        assert_eq!(different.len(), rows.len());
    }
}

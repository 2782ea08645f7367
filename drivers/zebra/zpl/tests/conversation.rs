//! Whole conversations about one label, between `Line` and `Watch` on one side and a printer of a few lines on the other.
#![allow(clippy::unwrap_used, clippy::panic)]
#![allow(clippy::struct_excessive_bools, clippy::format_push_string)] // a printer of a few lines

use std::time::Duration;

use ostler_zpl::{Expected, Fault, Line, Query, Step, Wait, Watch};

/// A printer that answers as the guide says, and knows nothing about the crate.
#[derive(Default)]
struct Printer {
    /// Labels of the batch that have not come out.
    remaining: u32,
    counter: u64,
    out_of_labels: bool,
    /// Older than Set-Get-Do: `getvar` is ignored.
    without_variables: bool,
    /// Says nothing to anything.
    silent: bool,
    /// What it did not take time for yet: each question prints one label.
    prints: bool,
    asked_for_count: u32,
}

impl Printer {
    fn answer(&mut self, question: &[u8]) -> Vec<u8> {
        let mut answer = String::new();
        for line in str::from_utf8(question).unwrap().lines() {
            if line.starts_with("! U1 getvar") {
                self.asked_for_count += 1;
            }
            match line {
                _ if self.silent => {}
                "! U1 getvar \"odometer.total_label_count\"" if !self.without_variables => {
                    answer.push_str(&format!("\"{}\"", self.counter));
                }
                "~HQES" => {
                    let bits = u32::from(self.out_of_labels);
                    answer.push_str(&format!(
                        "\x02\r\n  PRINTER STATUS\r\n   ERRORS: {bits} 00000000 {bits:08X}\r\n   WARNINGS: 0 00000000 00000000\r\n\x03\r\n"
                    ));
                }
                // No answer while labels are out (guide, page of ~HS).
                "~HS" if !self.out_of_labels => answer.push_str(&format!(
                    "\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,{:08},1,000\x03\r\n\x021234,0\x03\r\n",
                    self.remaining
                )),
                _ => {}
            }
        }
        if self.prints && self.remaining > 0 && !self.out_of_labels {
            self.remaining -= 1;
            self.counter += 1;
        }
        answer.into_bytes()
    }
}

/// Asks, with a read time-out when the answer is not complete.
fn ask(line: &mut Line, printer: &mut Printer, query: Query) {
    let question = line.ask(query);
    for byte in printer.answer(&question) {
        line.receive(&[byte]);
    }
    if !line.is_complete() {
        line.timed_out();
    }
}

/// Follows a label that was just sent, for at most a minute and a half.
fn follow(
    line: &mut Line,
    printer: &mut Printer,
    expected: Option<Expected>,
    mut event: impl FnMut(Duration, &mut Printer, &[Fault]),
) -> Step {
    let mut watch = Watch::new(line.knows_conditions(), expected);
    let (mut now, mut query) = (Duration::ZERO, Query::Progress);
    while now < Duration::from_secs(90) {
        ask(line, printer, query);
        match watch.observe(now, line.report()) {
            Step::Ask { pause, query: next, wait } => {
                let faults = if let Wait::Faults(faults) = wait { faults } else { Vec::new() };
                query = next;
                now += pause + Duration::from_millis(10);
                event(now, printer, &faults);
            }
            done => return done,
        }
    }
    panic!("no end");
}

fn begin(printer: &mut Printer) -> (Line, Option<Expected>) {
    let mut line = Line::default();
    line.use_variables(true);
    ask(&mut line, printer, Query::Progress);
    let expected = line.report().count.map(|before| Expected { before, labels: 3 });
    (line, expected)
}

#[test]
fn three_copies_are_counted() {
    let mut printer = Printer { counter: 40, prints: true, ..Printer::default() };
    let (mut line, expected) = begin(&mut printer);
    printer.remaining = 3;
    assert_eq!(follow(&mut line, &mut printer, expected, |_, _, _| {}), Step::Printed { counted: true });
}

#[test]
fn labels_run_out_in_the_middle_and_somebody_loads_new_ones() {
    let mut printer = Printer { counter: 40, prints: true, ..Printer::default() };
    let (mut line, expected) = begin(&mut printer);
    printer.remaining = 3;
    let mut seen = Vec::new();
    let step = follow(&mut line, &mut printer, expected, |now, printer, faults| {
        printer.out_of_labels = now > Duration::from_millis(50) && now < Duration::from_secs(30);
        seen.extend_from_slice(faults);
    });
    assert_eq!(step, Step::Printed { counted: true });
    assert!(seen.contains(&Fault::MediaOut));
}

#[test]
fn cancelling_at_the_printer_is_found_out_by_its_counter() {
    for (printed, counter) in [(0, 40), (2, 42)] {
        let mut printer = Printer { counter: 40, ..Printer::default() };
        let (mut line, expected) = begin(&mut printer);
        printer.remaining = 3;
        let step = follow(&mut line, &mut printer, expected, |now, printer, _| {
            if now > Duration::from_secs(1) {
                (printer.remaining, printer.counter) = (0, counter);
            }
        });
        assert_eq!(step, Step::Short { before: 40, printed });
    }
}

#[test]
fn a_printer_without_variables_is_asked_once_and_believed_at_its_word() {
    let mut printer = Printer { without_variables: true, prints: true, ..Printer::default() };
    let (mut line, expected) = begin(&mut printer);
    assert_eq!((expected, line.uses_variables()), (None, false));
    printer.remaining = 3;
    assert_eq!(follow(&mut line, &mut printer, expected, |_, _, _| {}), Step::Printed { counted: false });
    assert_eq!(printer.asked_for_count, 1);
}

#[test]
fn a_printer_that_falls_silent_is_lost_and_not_done() {
    let mut printer = Printer { prints: true, ..Printer::default() };
    let (mut line, expected) = begin(&mut printer);
    printer.remaining = 3;
    printer.silent = true;
    assert_eq!(follow(&mut line, &mut printer, expected, |_, _, _| {}), Step::Lost);
}

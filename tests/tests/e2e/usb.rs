//! Printing through a device node, as a USB printer is. A raw pseudo-terminal stands in for `/dev/usb/lp0`; what lies behind
//! it is the simulated printer.

use ostler_tests::{Daemon, Label, dots, place, printer};
use serde_json::json;
use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// The process that joins the device with the printer; it ends when its input does.
struct Bridge {
    child: Child,
    device: String,
}

impl Bridge {
    fn to(printer: &ostler_simulators::ZebraPrinter) -> Self {
        let address = printer.address();
        let mut child = Command::new("python3")
            .arg(place::repository().join("tests/counterparts/tty-bridge.py"))
            .args([address.ip().to_string(), address.port().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed");
        let mut device = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut device).unwrap();
        Self { child, device: device.trim().to_owned() }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_label_goes_through_a_character_device_and_the_answers_come_back() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    let bridge = Bridge::to(&zebra);
    daemon.add("desk", "zebra-zpl", &[&format!("CONNECTION=usb://{}", bridge.device)]);
    daemon.until_state("desk", "ready");

    let png = Label::four_by_six("OVER-USB").png();
    let job = daemon.print_done("desk", &png);
    assert_eq!(job["labels"]["proof"], json!("counted"), "{job:#}");
    dots::assert_same(&dots::of_png(&png), &zebra.labels()[0].bitmap);
}

#[test]
fn a_serial_line_is_set_up_as_its_uri_says_and_carries_the_label_as_it_is() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    let zebra = printer::zebra();
    let bridge = Bridge::to(&zebra);
    let uri = format!("serial://{}?baud=19200&stop=2&flow=xonxoff", bridge.device);
    daemon.add("desk", "zebra-zpl", &[&format!("CONNECTION={uri}"), "ENCODING=hex"]);
    daemon.until_state("desk", "ready");

    let png = Label::four_by_six("OVER-SERIAL").png();
    daemon.print_done("desk", &png);
    dots::assert_same(&dots::of_png(&png), &zebra.labels()[0].bitmap);
    let stty = Command::new("stty").args(["-F", &bridge.device, "-a"]).output().unwrap();
    let modes = String::from_utf8(stty.stdout).unwrap();
    for mode in ["speed 19200 baud", " cstopb", " ixon", " ixoff", "-icanon", "-echo ", "-opost"] {
        assert!(modes.contains(mode), "{mode}: {modes}");
    }
}

#[test]
fn a_file_that_is_no_printer_is_refused_and_the_rule_is_named() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    for (path, words) in
        [("/dev/null", "not a character device of a printer"), ("/dev/no-such-printer", "no such device")]
    {
        let name = format!("on {path}");
        daemon.add(&name, "zebra-zpl", &[&format!("CONNECTION=usb://{path}")]);
        let shown = daemon.until_machine(&name, words, |machine| {
            machine["status_text"].as_str().is_some_and(|text| text.contains(words))
        });
        assert_eq!(shown["status"], json!(400), "{shown:#}");
    }
    daemon.cli(&["machine", "add", "elsewhere", "--driver", "zebra-zpl", "--set", "CONNECTION=usb:///etc/passwd"]).ok();
    daemon.until_machine("elsewhere", "a refusal of the path", |machine| {
        machine["status_text"].as_str().is_some_and(|text| text.contains("below /dev"))
    });
}

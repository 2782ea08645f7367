//! Which bars and squares does a code have?
//!
//! Payload to modules, the quiet zone included; nothing here knows of dots but [`Symbol`], which says how many a module gets.
//! Encoding is the work of crates (`rxing`, `datamatrix`, `qrcode`); check digits, element strings and quiet zones are here,
//! with the section of the standard that says so. [`linear`] makes codes of bars, [`matrix`] codes of squares, [`gs1`] reads
//! element strings.

pub(crate) mod gs1;
pub(crate) mod linear;
pub(crate) mod matrix;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A code as pixels, each of which is `dots_x` x `dots_y` dots of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// In pixels, with quiet zone.
    pub width: u32,
    /// In pixels, with quiet zone.
    pub height: u32,
    /// Row by row from the top.
    pub black: Vec<bool>,
    pub dots_x: u32,
    pub dots_y: u32,
    /// What people read.
    pub text: String,
}

/// Most dots along one side of a code, so that no product overflows and no request is absurd.
const LONGEST_SIDE: u32 = 20_000;

impl Symbol {
    /// Width in dots, when it is one that can be drawn.
    pub fn size_dots(&self) -> Option<(u32, u32)> {
        let width = self.width.checked_mul(self.dots_x)?;
        let height = self.height.checked_mul(self.dots_y)?;
        (width <= LONGEST_SIDE && height <= LONGEST_SIDE).then_some((width, height))
    }
}

/// The weighted check digit of GS1's numbers (GS1 General Specifications, 7.9.1), of all digits before it.
pub(crate) fn check_digit(digits: &str) -> u8 {
    let weighted = |(at, digit): (usize, u8)| u32::from(digit - b'0') * if at % 2 == 0 { 3 } else { 1 };
    let sum: u32 = digits.bytes().rev().filter(u8::is_ascii_digit).enumerate().map(weighted).sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

/// Refuses what has a wrong check digit at its end, and names the right one.
pub(crate) fn verify_check_digit(what: &str, digits: &str) -> Result<(), String> {
    let Some((body, last)) = digits.split_at_checked(digits.len().saturating_sub(1)) else {
        return Ok(());
    };
    let right = check_digit(body);
    if last == right.to_string() {
        return Ok(());
    }
    Err(format!("the check digit of the {what} `{digits}` is wrong; with the right one it ends in {right}"))
}

/// Runs an encoder, whose panic is an answer too.
fn encoded<T, E: std::fmt::Display>(what: &str, encode: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(encode)) {
        Ok(Ok(code)) => Ok(code),
        Ok(Err(reason)) => Err(format!("this cannot be a {what}: {reason}")),
        Err(_) => Err(format!("this cannot be a {what}: the encoder gave up")),
    }
}

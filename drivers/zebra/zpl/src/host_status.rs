//! The answer to `~HS` (guide, page of `~HS`): three strings, of which the first two matter.

/// What a printer says about its media, its head and its work. It says nothing at all, says the guide, while it is
/// out of media or ribbon, its head is open or too hot, or its rewinder is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)] // the answer is a row of flags
pub struct HostStatus {
    /// String 1, field b.
    pub paper_out: bool,
    /// String 1, field c.
    pub paused: bool,
    /// String 1, field d, in dots.
    pub label_length: u32,
    /// String 1, field e: formats that were received and not yet made into labels.
    pub formats_in_buffer: u32,
    /// String 1, field f.
    pub buffer_full: bool,
    /// String 1, field h: a format has begun and not ended.
    pub partial_format: bool,
    /// String 1, field j: the configuration was lost.
    pub corrupt_ram: bool,
    /// String 1, field k.
    pub too_cold: bool,
    /// String 1, field l.
    pub too_hot: bool,
    /// String 2, field m, bit 7: labels are not told apart by gaps or marks.
    pub continuous: bool,
    /// String 2, field o.
    pub head_up: bool,
    /// String 2, field p.
    pub ribbon_out: bool,
    /// String 2, field q: thermal transfer, not direct.
    pub thermal_transfer: bool,
    /// String 2, field r: 0 rewind, 1 peel-off, 2 tear-off, 3 cutter, 4 applicator, 5 delayed cut.
    pub print_mode: u32,
    /// String 2, field t: a peeled label waits to be taken.
    pub label_waiting: bool,
    /// String 2, field u: labels of the batch in hand that have not come out.
    pub labels_remaining: u32,
    /// String 2, field w: how many graphics are stored.
    pub graphics_stored: u32,
}

impl HostStatus {
    /// [`print_mode`](Self::print_mode) of a printer that peels labels.
    const PEEL_OFF: u32 = 1;

    /// Whether nothing is left to print: what was sent has come out.
    pub fn is_idle(&self) -> bool {
        self.formats_in_buffer == 0 && self.labels_remaining == 0 && !self.partial_format && !self.buffer_full
    }

    /// Whether it has nothing to print, and the beginning of a format whose end it waits for.
    pub fn waits_for_the_rest(&self) -> bool {
        self.partial_format && self.formats_in_buffer == 0 && self.labels_remaining == 0
    }

    /// Whether a label lies at the peel bar, and nothing goes on before it is taken. The flag means something in this
    /// mode only.
    pub fn waits_to_be_taken(&self) -> bool {
        self.label_waiting && self.print_mode == Self::PEEL_OFF
    }

    /// The print mode in words; nothing for a number that the guide does not have.
    pub fn print_mode_name(&self) -> Option<&'static str> {
        let names = ["rewind", "peel-off", "tear-off", "cutter", "applicator", "delayed cutter"];
        usize::try_from(self.print_mode).ok().and_then(|mode| names.get(mode).copied())
    }

    /// Reads string 1 (12 fields) and string 2. The guide counts 11 fields in string 2, with an unused one in second
    /// place; some printers leave that one out and send 10.
    pub(crate) fn parse(first: &[u32], second: &[u32]) -> Option<Self> {
        let &[_, paper_out, paused, length, formats, buffer_full, _, partial, _, corrupt, cold, hot] = first else {
            return None;
        };
        let &functions = second.first()?;
        let &[head_up, ribbon_out, transfer, print_mode, _, waiting, remaining, _, graphics_stored] =
            (match second.len() {
                11 => second.get(2..)?,
                10 => second.get(1..)?,
                _ => return None,
            })
        else {
            return None;
        };
        Some(Self {
            paper_out: paper_out != 0,
            paused: paused != 0,
            label_length: length,
            formats_in_buffer: formats,
            buffer_full: buffer_full != 0,
            partial_format: partial != 0,
            corrupt_ram: corrupt != 0,
            too_cold: cold != 0,
            too_hot: hot != 0,
            continuous: functions & 0x80 != 0,
            head_up: head_up != 0,
            ribbon_out: ribbon_out != 0,
            thermal_transfer: transfer != 0,
            print_mode,
            label_waiting: waiting != 0,
            labels_remaining: remaining,
            graphics_stored,
        })
    }
}

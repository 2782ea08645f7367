//! The answer to `~HI` (guide, page of `~HI`): `model,firmware,dots per mm,memory[,options]`.

use crate::Firmware;

/// What a printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// For example `ZD421-203dpi`.
    pub model: String,
    /// For example `V93.21.17Z`.
    pub firmware: String,
    /// 6, 8, 12 or 24.
    pub dpmm: u32,
    /// As the printer writes it, for example `8192KB`; empty when it does not say.
    pub memory: String,
}

impl Identity {
    /// The firmware's version, when it is of Zebra's form.
    pub fn release(&self) -> Option<Firmware> {
        Firmware::parse(&self.firmware)
    }

    /// The memory in bytes, when the printer says it: `8192KB`, `8MB`.
    pub fn memory_bytes(&self) -> Option<usize> {
        let text = self.memory.trim();
        let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(at);
        let factor: usize = match unit.trim().to_ascii_uppercase().as_str() {
            "KB" | "K" | "" => 1024,
            "MB" | "M" => 1024 * 1024,
            _ => return None,
        };
        digits.parse::<usize>().ok()?.checked_mul(factor)
    }

    /// Reads the fields; nothing when there are fewer than three or the density is no number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split(',').map(str::trim);
        let (model, firmware, density) = (fields.next()?, fields.next()?, fields.next()?);
        // Some printers write the unit behind the number.
        let digits = density.find(|c: char| !c.is_ascii_digit()).map_or(density, |at| density.split_at(at).0);
        let dpmm = digits.parse().ok()?;
        let memory = fields.next().unwrap_or_default().to_owned();
        Some(Self { model: model.to_owned(), firmware: firmware.to_owned(), dpmm, memory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_with_and_without_options() {
        let expected =
            Identity { model: "ZD421-300dpi".into(), firmware: "V93.21.17Z".into(), dpmm: 12, memory: "8192KB".into() };
        assert_eq!(Identity::parse("ZD421-300dpi,V93.21.17Z,12,8192KB"), Some(expected.clone()));
        assert_eq!(Identity::parse("ZD421-300dpi,V93.21.17Z,12,8192KB,X"), Some(expected));
    }

    #[test]
    fn memory_is_read_in_its_units() {
        let memory = |text: &str| Identity::parse(&format!("X,V1.14,8,{text}")).unwrap().memory_bytes();
        assert_eq!(memory("8192KB"), Some(8192 * 1024));
        assert_eq!(memory("8MB"), Some(8192 * 1024));
        assert_eq!((memory(""), memory("much")), (None, None));
    }

    #[test]
    fn an_identity_without_a_density_is_none() {
        assert_eq!(Identity::parse("ZD421,V93"), None);
        assert_eq!(Identity::parse("ZD421,V93,?,8192KB"), None);
    }
}

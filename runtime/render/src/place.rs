//! How large does a picture become on the raster, and where does it lie?
//!
//! In this order:
//!
//! 1. Its own size in dots: pixels x (device's density / declared density), for each axis.
//! 2. `fit`: one factor for both axes, the smallest of 1 (never enlarged past its own size), raster width / own width, and
//!    raster height / own height.
//! 3. Its left upper corner goes to the offset. What lies outside is cut off.
//!
//! A page of outlines has no pixels: [`draw_at`] says how large it is to be drawn, so that afterwards a pixel is a dot.
//!
//! Both steps make one ratio, applied once: a picture of 812 pixels that must fit into 812 dots is copied dot by dot,
//! whatever density it declares.

use crate::error::RenderError;
use crate::picture::Picture;
use crate::raster::{Raster, Rotation, Scaling};

/// What the trade calls a density, in dots per inch, where that is not 25.4 times its dots per millimetre.
const TRADE_DPI: [(u32, u32); 4] = [(6, 150), (8, 203), (12, 300), (24, 600)];

/// Where a picture lies, in dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placement {
    pub width: u64,
    pub height: u64,
    pub x: i64,
    pub y: i64,
}

/// With [`Scaling::Exact`], a document may be this much wider, narrower, longer or shorter than the raster.
const TOLERANCE_UM: u32 = 1_000;

/// How large a page of outlines is to be drawn, before it is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drawing {
    /// Dots per millimetre of the page.
    pub scale: f64,
    /// In dots; at most 65,535, which is as far as the rasterizers count.
    pub width: u16,
    /// In dots.
    pub height: u16,
}

/// How large a page of `width` x `height` millimetres is to be drawn for `raster`.
pub(crate) fn draw_at(width: f64, height: f64, raster: &Raster) -> Result<Drawing, RenderError> {
    let lies = matches!(raster.rotation, Rotation::Quarter | Rotation::ThreeQuarters);
    let (across, down) = if lies { (raster.height, raster.width) } else { (raster.width, raster.height) };
    let dpmm = f64::from(raster.dpmm);
    let fits = raster.scaling == Scaling::Fit;
    let to_fit = (f64::from(across) / width).min(f64::from(down) / height);
    let scale = if fits { dpmm.min(to_fit) } else { dpmm };
    let dots = |length: f64, most: u32| {
        // Less than a thousandth of a dot over is an error of rounding and not a further dot.
        let dots = (length * scale - 0.001).ceil().max(1.0);
        let dots = if fits { dots.min(f64::from(most)) } else { dots };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked
        (dots <= f64::from(u16::MAX)).then_some(dots as u16)
    };
    match (dots(width, across), dots(height, down)) {
        (Some(width), Some(height)) => Ok(Drawing { scale, width, height }),
        _ => Err(RenderError::Raster {
            reason: format!("a page of {width:.0} x {height:.0} mm has more than 65,535 dots at {dpmm} dots/mm"),
        }),
    }
}

/// Dots per pixel, as a fraction.
#[derive(Debug, Clone, Copy)]
struct Ratio {
    dots: u128,
    pixels: u128,
}

/// Where `picture`, already turned, lies on `raster`.
///
/// No product overflows 128 bits: pixels are below 2^32, a raster's width and height below 2^32, a declared density below
/// 2^32, and the device's below 2^20 per metre.
pub(crate) fn place(picture: &Picture, raster: &Raster) -> Result<Placement, RenderError> {
    let (width, height) = (picture.width as u128, picture.height as u128);
    let across = Ratio::own(picture.density.map(|density| density.x_ppm), raster.dpmm);
    let down = Ratio::own(picture.density.map(|density| density.y_ppm), raster.dpmm);

    // The factor on top of the own size.
    let mut factor = Ratio { dots: 1, pixels: 1 };
    if raster.scaling == Scaling::Fit {
        let to_width = Ratio { dots: u128::from(raster.width) * across.pixels, pixels: width * across.dots };
        let to_height = Ratio { dots: u128::from(raster.height) * down.pixels, pixels: height * down.dots };
        factor = factor.min(to_width.min(to_height));
    }
    let width = factor.scale(width * across.dots, across.pixels);
    let height = factor.scale(height * down.dots, down.pixels);
    if raster.scaling == Scaling::Exact {
        let um = |dots: u64| u32::try_from(dots * 1_000 / u64::from(raster.dpmm)).unwrap_or(u32::MAX);
        let document_um = (um(width), um(height));
        let label_um = (um(raster.width.into()), um(raster.height.into()));
        let differ = |a: u32, b: u32| a.abs_diff(b) > TOLERANCE_UM;
        if differ(document_um.0, label_um.0) || differ(document_um.1, label_um.1) {
            return Err(RenderError::Size { document_um, label_um });
        }
    }
    Ok(Placement { width, height, x: i64::from(raster.offset_x), y: i64::from(raster.offset_y) })
}

impl Ratio {
    /// Of a picture that declares `ppm` on a device of `dpmm`.
    fn own(ppm: Option<u32>, dpmm: u32) -> Self {
        let exact = u128::from(dpmm) * 1_000;
        match ppm.map(u128::from) {
            Some(ppm) if !is_near(ppm, exact) && !is_near(ppm, trade_ppm(dpmm).unwrap_or(exact)) => {
                Self { dots: exact, pixels: ppm }
            }
            _ => Self { dots: 1, pixels: 1 },
        }
    }

    fn min(self, other: Self) -> Self {
        if other.dots * self.pixels < self.dots * other.pixels { other } else { self }
    }

    /// The length `dots / pixels` times this, rounded, at least 1.
    fn scale(self, dots: u128, pixels: u128) -> u64 {
        let (dots, pixels) = (dots * self.dots, pixels * self.pixels);
        u64::try_from((dots + pixels / 2) / pixels).unwrap_or(u64::MAX).max(1)
    }
}

/// Within 0.5 %.
fn is_near(ppm: u128, of: u128) -> bool {
    ppm.abs_diff(of) * 200 <= of
}

fn trade_ppm(dpmm: u32) -> Option<u128> {
    let (_, dpi) = TRADE_DPI.iter().find(|(trade, _)| *trade == dpmm)?;
    Some(u128::from(*dpi) * 10_000 / 254)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::picture::Density;

    fn placed(width: usize, height: usize, ppm: Option<(u32, u32)>, raster: &Raster) -> (u64, u64) {
        let density = ppm.map(|(x_ppm, y_ppm)| Density { x_ppm, y_ppm });
        let picture = Picture { width, height, lightness: Vec::new(), density };
        let placement = place(&picture, raster).unwrap();
        (placement.width, placement.height)
    }

    fn crop(dpmm: u32) -> Raster {
        Raster { scaling: Scaling::Crop, ..Raster::new(dpmm, 812, 1218) }
    }

    #[test]
    fn without_density_a_pixel_is_a_dot() {
        assert_eq!(placed(3_000, 2, None, &crop(8)), (3_000, 2));
    }

    #[test]
    fn the_density_that_the_trade_names_is_the_devices_own() {
        // Tenths of an inch's dots.
        for (dpmm, dpi) in [(8, 2_030), (8, 2_032), (12, 3_000), (12, 3_048), (24, 6_000), (24, 6_096), (6, 1_500)] {
            let ppm = (dpi * 1_000 + 127) / 254;
            assert_eq!(placed(1_199, 1_801, Some((ppm, ppm)), &crop(dpmm)), (1_199, 1_801), "{dpi} / 10 dpi at {dpmm}");
        }
    }

    #[test]
    fn half_a_percent_is_near_and_more_is_not() {
        assert_eq!(placed(1_000, 1_000, Some((7_960, 8_040)), &crop(8)), (1_000, 1_000));
        assert_eq!(placed(1_000, 1_000, Some((7_950, 8_050)), &crop(8)), (1_006, 994));
    }

    #[test]
    fn another_density_scales_each_axis_by_itself() {
        assert_eq!(placed(100, 100, Some((4_000, 16_000)), &crop(8)), (200, 50));
    }

    #[test]
    fn fit_shrinks_to_the_tighter_side_and_never_enlarges() {
        let raster = Raster::new(8, 812, 1218);
        assert_eq!(placed(1_624, 100, None, &raster), (812, 50));
        assert_eq!(placed(100, 2_436, None, &raster), (50, 1_218));
        assert_eq!(placed(100, 100, None, &raster), (100, 100));
        assert_eq!(placed(100, 100, Some((4_000, 4_000)), &raster), (200, 200));
    }

    #[test]
    fn a_picture_as_wide_as_the_raster_stays_exact_at_any_lower_density() {
        let raster = Raster::new(8, 812, 1218);
        assert_eq!(placed(812, 1_218, Some((2_835, 2_835)), &raster), (812, 1_218));
        assert_eq!(placed(812, 600, Some((2_835, 2_835)), &raster), (812, 600));
    }

    #[test]
    fn nothing_shrinks_to_nothing_and_nothing_overflows() {
        let raster = Raster::new(1_000, u32::MAX, u32::MAX);
        assert_eq!(placed(1, 1, Some((u32::MAX, u32::MAX)), &raster), (1, 1));
        placed(u32::MAX as usize, u32::MAX as usize, Some((1, u32::MAX)), &raster);
    }

    #[test]
    fn exact_takes_a_millimetre_more_or_less_and_names_both_sizes_otherwise() {
        let raster = Raster { scaling: Scaling::Exact, ..Raster::new(8, 812, 1_218) };
        assert_eq!(placed(820, 1_210, None, &raster), (820, 1_210));
        let picture = Picture { width: 812, height: 1_000, lightness: Vec::new(), density: None };
        let error = place(&picture, &raster).unwrap_err().to_string();
        assert!(error.contains("is 101.5 x 125.0 mm and the label 101.5 x 152.2 mm"), "{error}");
    }

    #[test]
    fn a_page_is_drawn_at_the_devices_density_or_smaller_to_fit() {
        let drawn = |raster: &Raster| draw_at(101.6, 152.4, raster).unwrap();
        let own = drawn(&Raster { scaling: Scaling::Crop, ..Raster::new(8, 100, 100) });
        assert_eq!((own.scale, own.width, own.height), (8.0, 813, 1_220));
        let fitted = drawn(&Raster::new(8, 812, 1_218));
        assert!(fitted.scale < 8.0 && (fitted.width, fitted.height) == (812, 1_218), "{fitted:?}");
        let turned = drawn(&Raster { rotation: Rotation::Quarter, ..Raster::new(8, 1_218, 812) });
        assert_eq!(turned, fitted);
        assert!(draw_at(3_000.0, 10.0, &Raster { scaling: Scaling::Crop, ..Raster::new(24, 10, 10) }).is_err());
    }
}

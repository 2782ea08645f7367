//! What lightness does a paint have in a dot?

use typst::layout::{Abs, Point, Size, Transform};
use typst::visualize::{Color, Gradient};

use crate::lightness;

/// A paint, ready to be asked dot by dot.
pub(super) enum Ink {
    /// Lightness and opacity.
    Flat(u8, u8),
    /// A gradient over an area of `size`; the transform leads from dots there.
    Gradient { gradient: Gradient, from_dots: Transform, size: Size },
    /// A picture that is repeated, from the dot at `origin` on.
    Tiles { origin: (i32, i32), width: i32, height: i32, lightness: Vec<u8> },
}

impl Ink {
    /// Of one colour.
    pub fn flat(color: &Color) -> Self {
        let (lightness, alpha) = shade(color);
        Self::Flat(lightness, alpha)
    }

    /// Lightness and opacity in a dot.
    pub fn at(&self, x: i32, y: i32) -> (u8, u8) {
        match self {
            Self::Flat(lightness, alpha) => (*lightness, *alpha),
            Self::Gradient { gradient, from_dots, size } => {
                let middle = Point::new(Abs::pt(f64::from(x) + 0.5), Abs::pt(f64::from(y) + 0.5)).transform(*from_dots);
                #[allow(clippy::cast_possible_truncation)] // of a fraction
                let side = |length: Abs| length.to_pt() as f32;
                let at = (side(middle.x), side(middle.y));
                shade(&gradient.sample_at(at, (side(size.x).max(0.001), side(size.y).max(0.001))))
            }
            Self::Tiles { origin, width, height, lightness } => {
                let (x, y) = ((x - origin.0).rem_euclid(*width), (y - origin.1).rem_euclid(*height));
                let at = usize::try_from(i64::from(y) * i64::from(*width) + i64::from(x)).unwrap_or(usize::MAX);
                let lightness = lightness.get(at).copied().unwrap_or(u8::MAX);
                (lightness, if lightness == u8::MAX { 0 } else { u8::MAX })
            }
        }
    }
}

fn shade(color: &Color) -> (u8, u8) {
    let rgb = color.to_rgb();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of floats saturates
    let byte = |part: f32| (part * 255.0).round() as u8;
    let mut out = [0];
    lightness::of_row_8(png::ColorType::Rgb, &[byte(rgb.red), byte(rgb.green), byte(rgb.blue)], &mut out);
    let [lightness] = out;
    (lightness, byte(rgb.alpha))
}

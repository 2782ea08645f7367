//! Whatever raster a driver asks for, it gets a bitmap of exactly that size.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]

mod common;

use std::sync::LazyLock;

use common::{Picture, noise, pool, try_bitmap};
use ostler_render::{Halftone, Raster, RenderPool, Rotation, Scaling};
use proptest::prelude::*;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<(Runtime, RenderPool)> = LazyLock::new(|| (Runtime::new().unwrap(), pool()));

fn any_raster() -> impl Strategy<Value = Raster> {
    let offset = prop_oneof![4 => -70..70, 1 => any::<i32>()];
    let halftone = prop_oneof![Just(Halftone::Threshold), Just(Halftone::Diffusion), Just(Halftone::Ordered)];
    let rotation =
        prop_oneof![Just(Rotation::None), Just(Rotation::Quarter), Just(Rotation::Half), Just(Rotation::ThreeQuarters)];
    let scaling = prop_oneof![Just(Scaling::Fit), Just(Scaling::Crop)];
    let dpmm = prop_oneof![Just(8), Just(12), 1..=1_000_u32];
    let size = (dpmm, 1..70_u32, 1..70_u32);
    let look = (halftone, any::<u8>(), rotation, scaling, any::<(bool, bool)>());
    (size, look, offset.clone(), offset).prop_map(|(size, look, offset_x, offset_y)| {
        let (dpmm, width, height) = size;
        let (halftone, threshold, rotation, scaling, (invert, mirror)) = look;
        let turned =
            Raster { halftone, threshold, rotation, scaling, invert, mirror, ..Raster::new(dpmm, width, height) };
        Raster { offset_x, offset_y, ..turned }
    })
}

fn any_picture() -> impl Strategy<Value = Picture> {
    let ppm = prop_oneof![Just(0), Just(8_000), 1..60_000_u32, any::<u32>()];
    (1..90_u32, 1..90_u32, prop::option::of((ppm.clone(), ppm))).prop_map(|(width, height, ppm)| {
        let picture = Picture::grey(width, height, noise((width * height) as usize));
        Picture { ppm, ..picture }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bitmap_has_the_size_that_was_asked_for_and_clean_row_ends(picture in any_picture(), raster in any_raster()) {
        let (runtime, pool) = &*RUNTIME;
        let bitmap = runtime.block_on(try_bitmap(pool, &picture.file(), raster)).unwrap();
        prop_assert_eq!((bitmap.width, bitmap.height), (raster.width, raster.height));
        prop_assert_eq!(bitmap.stride, raster.width.div_ceil(8));
        prop_assert_eq!(bitmap.data.len() as u64, u64::from(bitmap.stride) * u64::from(bitmap.height));
        let unused = u8::try_from((1_u32 << (bitmap.stride * 8 - bitmap.width)) - 1).unwrap();
        let mut ends = bitmap.data.chunks(bitmap.stride as usize).map(|row| row[row.len() - 1] & unused);
        prop_assert!(ends.all(|end| end == 0));
    }

    #[test]
    fn inverting_twice_and_mirroring_twice_change_nothing(picture in any_picture(), raster in any_raster()) {
        let (runtime, pool) = &*RUNTIME;
        let other = Raster { invert: !raster.invert, mirror: !raster.mirror, ..raster };
        let png = picture.file();
        let one = runtime.block_on(try_bitmap(pool, &png, raster)).unwrap();
        let two = runtime.block_on(try_bitmap(pool, &png, other)).unwrap();
        for y in 0..raster.height {
            for x in 0..raster.width {
                prop_assert_ne!(one.is_black(x, y), two.is_black(raster.width - 1 - x, y));
            }
        }
    }
}

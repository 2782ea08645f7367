//! Which lines are too thin for the dots, and must be kept all the same?
//!
//! Outlines are drawn with hard edges: a dot takes the colour that covers most of it. A line of half a dot that lies across
//! the border of two covers most of neither, and would be lost. So a page is drawn a second time, such that every dot
//! takes the colour of whatever touches it; what is dark there, and has nothing dark near it in the first drawing, is
//! such a line. Bars of a code, which must not grow, have dots of their own in the first drawing and stay as they are.

/// Darker than this is something to be seen.
const DARK: u8 = 128;

/// How many dots are looked at together.
const STRIP: usize = 64;

fn darkest(strip: &[u8]) -> u8 {
    strip.iter().fold(u8::MAX, |least, dot| least.min(*dot))
}

/// Adds to `drawn`, whose rows have `width` dots, the thin lines of `touched`, which is as large.
pub(crate) fn keep(drawn: &mut [u8], touched: &[u8], width: usize) {
    let lost = |before: &[u8], at: usize| {
        let (x, y) = (at % width, at / width);
        let columns = x.saturating_sub(1)..(x + 2).min(width);
        (y.saturating_sub(1)..=y + 1).all(|y| {
            let near = before.get(y * width + columns.start..y * width + columns.end);
            near.is_none_or(|near| near.iter().all(|dot| *dot >= DARK))
        })
    };
    // Where nothing is dark there is nothing to look at, and that is most of a page.
    let strips = (0..).step_by(STRIP).zip(touched.chunks(STRIP)).filter(|(_, strip)| darkest(strip) < DARK);
    let dots: Vec<(usize, u8)> = strips
        .flat_map(|(from, strip)| (from..).zip(strip))
        .filter(|(at, touch)| **touch < DARK && drawn.get(*at).is_some_and(|dot| *dot >= DARK) && lost(drawn, *at))
        .map(|(at, touch)| (at, *touch))
        .collect();
    for (at, touch) in dots {
        if let Some(dot) = drawn.get_mut(at) {
            *dot = touch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_nowhere_near_a_dark_dot_is_kept_and_an_edge_does_not_grow() {
        // A lost line above, a bar with its touched border below.
        let (o, x) = (255, 0);
        let mut drawn = vec![o, o, o, o, o, o, o, o, o, o, o, o, x, x, x, o, o, o];
        let touched = vec![x, x, x, o, o, o, o, o, o, x, x, x, x, x, x, x, x, x];
        keep(&mut drawn, &touched, 3);
        assert_eq!(drawn, [x, x, x, o, o, o, o, o, o, o, o, o, x, x, x, o, o, o]);
    }
}

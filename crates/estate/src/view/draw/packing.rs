//! Cards of several sizes in rows, in their order, so that the whole has the shape of a screen.

use super::shapes::Point;

/// How much wider than high a picture is to be.
const SHAPE: f64 = 1.4;
/// How many widths are tried.
const TRIES: u32 = 24;

/// Where the cards go, and the width and height of it all.
pub type Packed = (Vec<Point>, f64, f64);

/// Sets cards of these widths and heights in rows.
pub fn pack(sizes: &[(f64, f64)], gap: f64) -> Packed {
    let widest = sizes.iter().map(|(width, _)| *width).fold(0.0, f64::max);
    let all: f64 = sizes.iter().map(|(width, _)| width + gap).sum();
    let mut best: Option<(f64, Packed)> = None;
    for step in 0..=TRIES {
        let limit = widest * (all.max(widest) / widest.max(1.0)).powf(f64::from(step) / f64::from(TRIES));
        let packed = rows(sizes, gap, limit);
        // A screen that shows it all is at least this wide.
        let needed = packed.1.max(packed.2 * SHAPE);
        if best.as_ref().is_none_or(|(least, _)| needed < *least) {
            best = Some((needed, packed));
        }
    }
    best.map_or_else(|| (Vec::new(), 0.0, 0.0), |(_, packed)| packed)
}

fn rows(sizes: &[(f64, f64)], gap: f64, limit: f64) -> Packed {
    let mut places = Vec::with_capacity(sizes.len());
    let (mut x, mut y, mut row, mut wide) = (0.0, 0.0, 0.0_f64, 0.0_f64);
    for (width, height) in sizes {
        if x > 0.0 && x + width > limit + 0.5 {
            y += row + gap;
            (x, row) = (0.0, 0.0);
        }
        places.push(Point { x, y });
        wide = wide.max(x + width);
        x += width + gap;
        row = row.max(*height);
    }
    (places, wide, y + row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_cards_fill_a_screen_and_none_covers_another() {
        let sizes: Vec<(f64, f64)> = (0..40)
            .map(|number| (200.0 + f64::from(number % 3) * 60.0, 100.0 + f64::from(number % 4) * 30.0))
            .collect();
        let (places, width, height) = pack(&sizes, 20.0);
        assert!((1.0..3.0).contains(&(width / height)), "{width} × {height}");
        for (first, place) in places.iter().enumerate() {
            for (second, other) in places.iter().enumerate().skip(first + 1) {
                let beside = place.x + sizes[first].0 <= other.x || other.x + sizes[second].0 <= place.x;
                let above = place.y + sizes[first].1 <= other.y || other.y + sizes[second].1 <= place.y;
                assert!(beside || above, "{first} and {second}");
            }
        }
    }
}

//! A layered drawing: columns from left to right, few crossings, short and straight lines.
//!
//! After Sugiyama: lines that pass a column get a bend in it, the items of every column are ordered by the mean
//! place of their neighbours, sweep after sweep, and the order with the fewest crossings is kept; then every
//! item goes as near to its neighbours' height as the order allows. The same input always gives the same
//! drawing.

use super::crossings;
use super::picture::Point;

/// The height of a node; all are alike.
pub const NODE_HEIGHT: f64 = 30.0;
/// From the top of a node to the top of the one under it.
const ROW: f64 = 42.0;
/// What a line takes of a column that it passes.
const BEND_ROW: f64 = 14.0;
/// Between two columns; lines need more of it the more there are.
const GAP: std::ops::RangeInclusive<f64> = 44.0..=120.0;
/// Between two parts of a column that was too high.
const PART_GAP: f64 = 14.0;
/// More items than this in a column are set in several.
const HIGHEST_COLUMN: usize = 18;
/// Sweeps over the columns, there and back; more do not help.
const SWEEPS: usize = 12;

/// What is to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// The width of every node.
    pub widths: &'a [f64],
    /// The column of every node; empty columns take no room.
    pub columns: &'a [usize],
    /// Lines, each from a node to one in a later column; others are not looked at.
    pub lines: &'a [(usize, usize)],
}

/// Where everything goes; the top left corner of it all is the origin.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The top left corner of every node.
    pub nodes: Vec<Point>,
    /// Where every line bends on its way, in the order of the lines.
    pub bends: Vec<Vec<Point>>,
    /// How wide it all is.
    pub width: f64,
    /// How high.
    pub height: f64,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
enum Item {
    Node(usize),
    /// A bend of a line.
    Bend(usize),
}

/// Draws.
pub fn lay_out(drawing: Drawing<'_>) -> Layout {
    let mut levels: Vec<usize> = drawing.columns.to_vec();
    levels.sort_unstable();
    levels.dedup();
    let columns: Vec<usize> =
        drawing.columns.iter().map(|column| levels.partition_point(|level| level < column)).collect();
    let crowded = (0..levels.len())
        .any(|level| columns.iter().filter(|column| **column == level).count() > HIGHEST_COLUMN);
    // Bends would have to wind through the parts of a crowded column: there lines go straight.
    let mut columns = Columns::new(&columns, levels.len(), drawing, !crowded);
    columns.reduce_crossings();
    if crowded { columns.set_in_parts(drawing) } else { columns.set_in_line(drawing) }
}

/// The items of all columns and how they hang together.
struct Columns {
    items: Vec<Item>,
    /// The items of every column, from the top.
    order: Vec<Vec<usize>>,
    /// For every item, those in the column before that it is joined with.
    before: Vec<Vec<usize>>,
    /// The same for the column behind.
    behind: Vec<Vec<usize>>,
    lines: usize,
}

impl Columns {
    fn new(columns: &[usize], count: usize, drawing: Drawing<'_>, with_bends: bool) -> Self {
        let mut all = Self {
            items: (0..columns.len()).map(Item::Node).collect(),
            order: vec![Vec::new(); count],
            before: vec![Vec::new(); columns.len()],
            behind: vec![Vec::new(); columns.len()],
            lines: drawing.lines.len(),
        };
        for (node, column) in columns.iter().enumerate() {
            all.order[*column].push(node);
        }
        for (line, (from, to)) in drawing.lines.iter().enumerate() {
            if columns[*from] >= columns[*to] {
                continue;
            }
            let mut last = *from;
            let passed = columns[*from] + 1..columns[*to];
            for column in passed.filter(|_| with_bends) {
                let bend = all.items.len();
                all.items.push(Item::Bend(line));
                all.before.push(Vec::new());
                all.behind.push(Vec::new());
                all.order[column].push(bend);
                all.join(last, bend);
                last = bend;
            }
            all.join(last, *to);
        }
        all
    }

    fn join(&mut self, from: usize, to: usize) {
        self.behind[from].push(to);
        self.before[to].push(from);
    }

    fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.items.len()];
        for column in &self.order {
            for (place, item) in column.iter().enumerate() {
                places[*item] = place;
            }
        }
        places
    }

    fn reduce_crossings(&mut self) {
        let mut places = self.places();
        let mut best = (crossings::count(&self.order, &self.behind, &places), self.order.clone());
        for sweep in 0..SWEEPS {
            if best.0 == 0 {
                break;
            }
            let count = self.order.len();
            for step in 0..count {
                let forwards = sweep % 2 == 0;
                let column = if forwards { step } else { count - 1 - step };
                let neighbours = if forwards { &self.before } else { &self.behind };
                let mut keyed: Vec<(f64, usize)> = self.order[column]
                    .iter()
                    .map(|item| (mean(&neighbours[*item], places[*item], &places), *item))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                for (place, (_, item)) in keyed.iter().enumerate() {
                    places[*item] = place;
                }
                self.order[column] = keyed.into_iter().map(|(_, item)| item).collect();
            }
            let crossings = crossings::count(&self.order, &self.behind, &places);
            if crossings < best.0 {
                best = (crossings, self.order.clone());
            }
        }
        self.order = best.1;
    }

    fn width_of(&self, item: usize, drawing: Drawing<'_>) -> f64 {
        match self.items[item] {
            Item::Node(node) => drawing.widths[node],
            Item::Bend(_) => 0.0,
        }
    }

    fn row_of(&self, item: usize) -> f64 {
        match self.items[item] {
            Item::Node(_) => ROW,
            Item::Bend(_) => BEND_ROW,
        }
    }

    /// The gap behind a column.
    fn gap(&self, column: usize) -> f64 {
        let lines: usize = self.order[column].iter().map(|item| self.behind[*item].len()).sum();
        (GAP.start() + 2.0 * count(lines)).min(*GAP.end())
    }

    /// High columns side by side, every node in a row of its own.
    fn set_in_parts(&self, drawing: Drawing<'_>) -> Layout {
        let mut layout = self.empty(drawing);
        // About as wide as high in all, since a node with its gap is some three rows wide.
        let highest = whole((count(drawing.widths.len()) * 2.5).sqrt()).max(HIGHEST_COLUMN);
        let mut x = 0.0;
        for (number, column) in self.order.iter().enumerate() {
            let parts = column.len().div_ceil(highest).max(1);
            let height = column.len().div_ceil(parts);
            for part in column.chunks(height.max(1)) {
                let width = part.iter().map(|item| self.width_of(*item, drawing)).fold(0.0, f64::max);
                for (row, item) in part.iter().enumerate() {
                    layout.put(self.items[*item], Point { x, y: count(row) * ROW });
                }
                layout.height = layout.height.max(count(part.len() - 1) * ROW + NODE_HEIGHT);
                layout.width = layout.width.max(x + width);
                x += width + PART_GAP;
            }
            x += self.gap(number) - PART_GAP;
        }
        layout
    }

    /// Every item as near to its neighbours' height as the order allows.
    fn set_in_line(&self, drawing: Drawing<'_>) -> Layout {
        let mut middles = vec![0.0; self.items.len()];
        for column in &self.order {
            let mut y = 0.0;
            for item in column {
                middles[*item] = y + self.row_of(*item) / 2.0;
                y += self.row_of(*item);
            }
        }
        for sweep in 0..SWEEPS {
            let count = self.order.len();
            for step in 0..count {
                let column = if sweep % 2 == 0 { step } else { count - 1 - step };
                self.draw_near(&self.order[column], &mut middles);
            }
        }
        let mut layout = self.empty(drawing);
        let top = self
            .order
            .iter()
            .flatten()
            .map(|item| middles[*item] - self.row_of(*item) / 2.0)
            .fold(f64::INFINITY, f64::min);
        let mut x = 0.0;
        for (number, column) in self.order.iter().enumerate() {
            let width = column.iter().map(|item| self.width_of(*item, drawing)).fold(0.0, f64::max);
            for item in column {
                let middle = middles[*item] - top - (ROW - NODE_HEIGHT) / 2.0;
                match self.items[*item] {
                    Item::Node(_) => {
                        layout.put(self.items[*item], Point { x, y: middle - NODE_HEIGHT / 2.0 });
                        layout.height = layout.height.max(middle + NODE_HEIGHT / 2.0);
                    }
                    // A line passes a column on the level, so that it does not touch a node there.
                    Item::Bend(_) => {
                        layout.put(self.items[*item], Point { x, y: middle });
                        layout.put(self.items[*item], Point { x: x + width, y: middle });
                        layout.height = layout.height.max(middle);
                    }
                }
            }
            layout.width = layout.width.max(x + width);
            x += width + self.gap(number);
        }
        layout
    }

    /// Moves the items of a column to the mean height of what they are joined with, in their order, none
    /// nearer to another than it may be: a regression, solved by pooling neighbours that are in each other's way.
    fn draw_near(&self, column: &[usize], middles: &mut [f64]) {
        struct Pool {
            sum: f64,
            weight: f64,
            first: usize,
        }

        // How far the middle of each item lies at least under that of the first.
        let mut offsets = Vec::with_capacity(column.len());
        let mut offset = 0.0;
        for (place, item) in column.iter().enumerate() {
            if place > 0 {
                offset += f64::midpoint(self.row_of(column[place - 1]), self.row_of(*item));
            }
            offsets.push(offset);
        }
        let mut pools: Vec<Pool> = Vec::new();
        for (place, item) in column.iter().enumerate() {
            let joined = self.before[*item].iter().chain(&self.behind[*item]);
            let (sum, number) =
                joined.fold((0.0, 0.0), |(sum, number), other| (sum + middles[*other], number + 1.0));
            // What is joined with nothing stays about where it is, and gives way.
            let (wish, weight) = if number > 0.0 { (sum / number, number) } else { (middles[*item], 0.01) };
            let mut pool = Pool { sum: (wish - offsets[place]) * weight, weight, first: place };
            while let Some(above) = pools.pop_if(|above| above.sum / above.weight > pool.sum / pool.weight) {
                pool.sum += above.sum;
                pool.weight += above.weight;
                pool.first = above.first;
            }
            pools.push(pool);
        }
        let mut end = column.len();
        for pool in pools.iter().rev() {
            for place in pool.first..end {
                middles[column[place]] = pool.sum / pool.weight + offsets[place];
            }
            end = pool.first;
        }
    }

    fn empty(&self, drawing: Drawing<'_>) -> Layout {
        Layout {
            nodes: vec![Point::default(); drawing.widths.len()],
            bends: vec![Vec::new(); self.lines],
            width: 0.0,
            height: 0.0,
        }
    }
}

impl Layout {
    fn put(&mut self, item: Item, point: Point) {
        match item {
            Item::Node(node) => self.nodes[node] = point,
            Item::Bend(line) => self.bends[line].push(point),
        }
    }
}

/// The mean place of the neighbours; of an item without any, its own.
fn mean(neighbours: &[usize], own: usize, places: &[usize]) -> f64 {
    if neighbours.is_empty() {
        return count(own);
    }
    let sum: usize = neighbours.iter().map(|item| places[*item]).sum();
    count(sum) / count(neighbours.len())
}

/// A count as a length.
pub fn count(number: usize) -> f64 {
    // Counts of things on a picture are far under 2^32.
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

fn whole(number: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    let number = number.max(0.0) as usize;
    number
}

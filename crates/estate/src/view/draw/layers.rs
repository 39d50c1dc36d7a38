//! A layered drawing: columns from left to right, few crossings, short and straight lines.
//!
//! After Sugiyama: lines that pass a column get a bend in it, the items of every column are ordered by the mean
//! place of their neighbours, sweep after sweep, and the order with the fewest crossings is kept; then every
//! item goes as near to its neighbours' height as the order allows. The same input always gives the same
//! drawing.

use super::crossings;
use super::items::{ColumnIndex, ItemIndex, Joints, Sequence};
use super::shapes::{NODE_HEIGHT, Point, count};
use slipway_support::slots::{Slots, slot};

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
    pub lines: &'a [(ItemIndex, ItemIndex)],
}

/// Where everything goes; the top left corner of it all is the origin.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The top left corner of every node.
    pub nodes: Slots<ItemIndex, Point>,
    /// Where every line bends on its way, in the order of the lines.
    pub bends: Slots<LineIndex, Vec<Point>>,
    /// How wide it all is.
    pub width: f64,
    /// How high.
    pub height: f64,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
enum Item {
    /// A node, with its width.
    Node(f64),
    /// A bend of a line.
    Bend(LineIndex),
}

/// A line by its place in [`Drawing::lines`].
#[derive(Clone, Copy, Debug)]
pub struct LineIndex(usize);

slot!(LineIndex);

/// Draws.
pub fn lay_out(drawing: Drawing<'_>) -> Layout {
    let mut levels: Vec<usize> = drawing.columns.to_vec();
    levels.sort_unstable();
    levels.dedup();
    let mut order: Sequence = vec![Vec::new(); levels.len()].into();
    let column_of: Slots<ItemIndex, ColumnIndex> = drawing
        .columns
        .iter()
        .map(|column| ColumnIndex(levels.partition_point(|level| level < column)))
        .collect();
    for (node, column) in column_of.pairs() {
        order[*column].push(node);
    }
    let crowded = order.iter().any(|column| column.len() > HIGHEST_COLUMN);
    // Bends would have to wind through the parts of a crowded column: there lines go straight.
    let mut columns = Columns::new(order, &column_of, drawing, !crowded);
    columns.reduce_crossings();
    if crowded { columns.set_in_parts() } else { columns.set_in_line() }
}

/// The items of all columns and how they hang together.
struct Columns {
    items: Slots<ItemIndex, Item>,
    order: Sequence,
    /// What each is joined with in the column before.
    before: Joints,
    /// What each is joined with in the column behind.
    behind: Joints,
    /// Nothing in it yet, but room for every node and line.
    empty: Layout,
}

impl Columns {
    fn new(
        order: Sequence,
        column_of: &Slots<ItemIndex, ColumnIndex>,
        drawing: Drawing<'_>,
        with_bends: bool,
    ) -> Self {
        let bends: Slots<LineIndex, Vec<Point>> = vec![Vec::new(); drawing.lines.len()].into();
        let lines = bends.slots().zip(drawing.lines);
        let mut all = Self {
            items: drawing.widths.iter().copied().map(Item::Node).collect(),
            order,
            before: Slots::for_each_of(column_of, Vec::new()),
            behind: Slots::for_each_of(column_of, Vec::new()),
            empty: Layout {
                nodes: Slots::for_each_of(column_of, Point::default()),
                bends,
                ..Layout::default()
            },
        };
        for (line, (from, to)) in lines {
            let (first, end) = (column_of[*from], column_of[*to]);
            if first >= end {
                continue;
            }
            let mut last = *from;
            let passed = (first.0 + 1..end.0).map(ColumnIndex);
            for column in passed.filter(|_| with_bends) {
                let bend = all.items.push(Item::Bend(line));
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

    fn join(&mut self, from: ItemIndex, to: ItemIndex) {
        self.behind[from].push(to);
        self.before[to].push(from);
    }

    fn places(&self) -> Slots<ItemIndex, usize> {
        let mut places = Slots::for_each_of(&self.items, 0);
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
            for column in self.sweep(sweep) {
                let neighbours = if is_forwards(sweep) { &self.before } else { &self.behind };
                let mut keyed: Vec<(f64, ItemIndex)> = self.order[column]
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

    /// The columns from left to right, or back.
    fn sweep(&self, number: usize) -> Vec<ColumnIndex> {
        let columns = self.order.slots();
        if is_forwards(number) { columns.collect() } else { columns.rev().collect() }
    }

    fn width_of(&self, item: ItemIndex) -> f64 {
        match self.items[item] {
            Item::Node(width) => width,
            Item::Bend(_) => 0.0,
        }
    }

    fn row_of(&self, item: ItemIndex) -> f64 {
        match self.items[item] {
            Item::Node(_) => ROW,
            Item::Bend(_) => BEND_ROW,
        }
    }

    /// The gap behind a column.
    fn gap(&self, column: &[ItemIndex]) -> f64 {
        let lines: usize = column.iter().map(|item| self.behind[*item].len()).sum();
        (GAP.start() + 2.0 * count(lines)).min(*GAP.end())
    }

    /// High columns side by side, every node in a row of its own.
    fn set_in_parts(&self) -> Layout {
        let mut layout = self.empty.clone();
        // About as wide as high in all, since a node with its gap is some three rows wide.
        let highest = whole((count(layout.nodes.len()) * 2.5).sqrt()).max(HIGHEST_COLUMN);
        let mut x = 0.0;
        for column in &self.order {
            let parts = column.len().div_ceil(highest).max(1);
            let height = column.len().div_ceil(parts);
            for part in column.chunks(height.max(1)) {
                let width = part.iter().map(|item| self.width_of(*item)).fold(0.0, f64::max);
                for (row, item) in part.iter().enumerate() {
                    self.put(&mut layout, *item, Point { x, y: count(row) * ROW });
                }
                layout.height = layout.height.max(count(part.len() - 1) * ROW + NODE_HEIGHT);
                layout.width = layout.width.max(x + width);
                x += width + PART_GAP;
            }
            x += self.gap(column) - PART_GAP;
        }
        layout
    }

    /// Every item as near to its neighbours' height as the order allows.
    fn set_in_line(&self) -> Layout {
        let mut middles = Slots::for_each_of(&self.items, 0.0);
        for column in &self.order {
            let mut y = 0.0;
            for item in column {
                middles[*item] = y + self.row_of(*item) / 2.0;
                y += self.row_of(*item);
            }
        }
        for sweep in 0..SWEEPS {
            for column in self.sweep(sweep) {
                self.draw_near(&self.order[column], &mut middles);
            }
        }
        let mut layout = self.empty.clone();
        let top = self
            .order
            .iter()
            .flatten()
            .map(|item| middles[*item] - self.row_of(*item) / 2.0)
            .fold(f64::INFINITY, f64::min);
        let mut x = 0.0;
        for column in &self.order {
            let width = column.iter().map(|item| self.width_of(*item)).fold(0.0, f64::max);
            for item in column {
                let middle = middles[*item] - top - (ROW - NODE_HEIGHT) / 2.0;
                match self.items[*item] {
                    Item::Node(_) => {
                        self.put(&mut layout, *item, Point { x, y: middle - NODE_HEIGHT / 2.0 });
                        layout.height = layout.height.max(middle + NODE_HEIGHT / 2.0);
                    }
                    // A line passes a column on the level, so that it does not touch a node there.
                    Item::Bend(_) => {
                        self.put(&mut layout, *item, Point { x, y: middle });
                        self.put(&mut layout, *item, Point { x: x + width, y: middle });
                        layout.height = layout.height.max(middle);
                    }
                }
            }
            layout.width = layout.width.max(x + width);
            x += width + self.gap(column);
        }
        layout
    }

    /// Moves the items of a column to the mean height of what they are joined with, in their order, none
    /// nearer to another than it may be: a regression, solved by pooling neighbours that are in each other's way.
    fn draw_near(&self, column: &[ItemIndex], middles: &mut Slots<ItemIndex, f64>) {
        struct Pool {
            sum: f64,
            weight: f64,
            /// The items in it, each with how far it lies under the first of the column.
            members: Vec<(ItemIndex, f64)>,
        }

        let mut pools: Vec<Pool> = Vec::new();
        // How far the middle of each item lies at least under that of the first.
        let mut offset = 0.0;
        let mut above: Option<ItemIndex> = None;
        for item in column {
            if let Some(above) = above.replace(*item) {
                offset += f64::midpoint(self.row_of(above), self.row_of(*item));
            }
            let joined = self.before[*item].iter().chain(&self.behind[*item]);
            let (sum, number) =
                joined.fold((0.0, 0.0), |(sum, number), other| (sum + middles[*other], number + 1.0));
            // What is joined with nothing stays about where it is, and gives way.
            let (wish, weight) = if number > 0.0 { (sum / number, number) } else { (middles[*item], 0.01) };
            let mut pool = Pool { sum: (wish - offset) * weight, weight, members: vec![(*item, offset)] };
            while let Some(mut above) =
                pools.pop_if(|above| above.sum / above.weight > pool.sum / pool.weight)
            {
                pool.sum += above.sum;
                pool.weight += above.weight;
                above.members.append(&mut pool.members);
                pool.members = above.members;
            }
            pools.push(pool);
        }
        for pool in pools {
            for (item, offset) in pool.members {
                middles[item] = pool.sum / pool.weight + offset;
            }
        }
    }

    fn put(&self, layout: &mut Layout, item: ItemIndex, point: Point) {
        match self.items[item] {
            Item::Node(_) => layout.nodes[item] = point,
            Item::Bend(line) => layout.bends[line].push(point),
        }
    }
}

/// Whether a sweep goes there, not back.
fn is_forwards(sweep: usize) -> bool {
    sweep.is_multiple_of(2)
}

/// The mean place of the neighbours; of an item without any, its own.
fn mean(neighbours: &[ItemIndex], own: usize, places: &Slots<ItemIndex, usize>) -> f64 {
    if neighbours.is_empty() {
        return count(own);
    }
    let sum: usize = neighbours.iter().map(|item| places[*item]).sum();
    count(sum) / count(neighbours.len())
}

fn whole(number: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows")]
    let number = number.max(0.0) as usize;
    number
}

//! What a picture is made of, by itself: places, units, lines, frames.

use crate::estate::{GateKind, UnitIndex};
use slipway_support::slots::slot;

/// The height of a node; all are alike.
pub const NODE_HEIGHT: f64 = 30.0;
/// The width of a character of a label.
pub const CHARACTER: f64 = 7.0;

/// A place, in pixels from the top left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// The place that lies as far from this one as `other` does from the corner.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }
}

/// A card by its place in [`Picture::cards`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CardIndex(pub usize);

slot!(CardIndex);

/// A link by its place in [`Picture::links`].
#[derive(Clone, Copy, Debug)]
pub struct LinkIndex(pub usize);

slot!(LinkIndex);

/// A unit on the picture, or a gate.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its path as seen from the working folder; of a gate what a run calls it.
    pub path: String,
    /// What it makes sure of, where it is a gate.
    pub gate: Option<GateKind>,
    /// What is written on it.
    pub label: String,
    /// Its card.
    pub card: CardIndex,
    /// The number of its wave, from 1; none for what is in a circle or waits for one, and for gates.
    pub wave: Option<usize>,
    /// The stack that it is generated from, as seen from the working folder.
    pub stack: Option<String>,
    /// The address of its module.
    pub source: Option<String>,
    /// Whether it lies outside of the folder that was asked for.
    pub external: bool,
    /// Whether its `exclude` block leaves it out of a plan.
    pub excluded: bool,
    /// Whether it is in a circle.
    pub in_circle: bool,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// Its top left corner.
    pub at: Point,
    /// Its width.
    pub width: f64,
}

impl Node {
    /// Its height; all are alike.
    pub const HEIGHT: f64 = NODE_HEIGHT;
}

/// A dependency on the picture, or what a gate waits for, or what waits for it.
#[derive(Clone, Debug)]
pub struct Link {
    /// The unit depended on, or the gate.
    pub from: UnitIndex,
    /// What depends on it, or waits for it.
    pub to: UnitIndex,
    /// The label of the `dependency` block; none where it is for order only.
    pub name: Option<String>,
    /// Whether it is a part of a circle.
    pub in_circle: bool,
    /// From the edge of the one to the edge of the other.
    pub line: Vec<Point>,
}

/// Units of the same folders, in a frame.
#[derive(Clone, Debug)]
pub struct Card {
    /// The folders.
    pub title: String,
    /// Which colour it has: cards of the same first folder have the same.
    pub hue: usize,
    /// Its top left corner.
    pub at: Point,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// A count as a length.
pub fn count(number: usize) -> f64 {
    // Counts of things on a picture are far under 2^32.
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

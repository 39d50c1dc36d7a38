//! The graph laid out: what is drawn where. Every unit is there, also those that are broken or in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::gated;
use super::items::ItemIndex;
use super::layers::{self, Drawing};
use super::order::Order;
use super::packing;
use super::shapes::{CHARACTER, Card, CardIndex, Link, LinkIndex, NODE_HEIGHT, Node, Point, count};
use crate::estate::{Estate, PlannedGate, Unit, UnitIndex};
use crate::terragrunt::paths;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_support::address::Address;
use slipway_support::slots::Slots;

/// A card is worth its frame from this many units on, on average.
const LEAST_ON_A_CARD: usize = 3;
/// Cards are made of at most this many leading folders.
const DEEPEST_CARD: usize = 4;
/// Inside of a card, on every side.
const PADDING: f64 = 18.0;
/// The title of a card.
const TITLE: f64 = 26.0;
/// Between two cards.
const CARD_GAP: f64 = 36.0;
/// Around it all.
const MARGIN: f64 = 24.0;
/// The longest name that is written out on a node, in characters.
const LONGEST_LABEL: usize = 30;

/// A graph, laid out.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// Every unit, and behind them the gates; the nth unit of the estate is the nth here.
    pub nodes: Slots<UnitIndex, Node>,
    /// Every dependency, and behind them what leads to gates and from them.
    pub links: Slots<LinkIndex, Link>,
    /// The frames.
    pub cards: Slots<CardIndex, Card>,
    /// How many waves there are.
    pub waves: usize,
    /// What is wrong with no unit in particular.
    pub problems: Vec<String>,
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
}

impl Picture {
    /// Lays an estate out, with the gates of `up` between the units. `diagnostics` are the estate's and the graph's; paths
    /// are told as seen from `base`.
    pub fn new(estate: &Estate, gates: &[PlannedGate], diagnostics: &[Diagnostic], base: &Path) -> Self {
        let behind = |unit: &Unit| unit.dependencies.iter().map(|edge| edge.to).collect();
        let behind: Slots<UnitIndex, Vec<UnitIndex>> = estate.units.iter().map(behind).collect();
        // Waves are those of units; gates only stand between them.
        let order = Order::of(&behind);
        let columns = Order::of(&gated::behind(&behind, gates));
        let places: Slots<UnitIndex, (&Path, bool)> =
            estate.units.iter().map(|unit| (unit.path.as_path(), unit.external)).collect();
        let (titles, card_of) = cards(&places);
        let (mut problems, rest) = problems(estate, diagnostics);
        let mut stacks = Slots::for_each_of(&estate.units, None);
        for stack in &estate.stacks {
            // Of stacks within each other, the inner one comes later and is the one meant.
            for unit in &stack.units {
                stacks[*unit] = Some(stack.seen_from(base));
            }
        }
        let mut nodes: Slots<UnitIndex, Node> = estate
            .iter()
            .map(|(index, unit)| {
                let label = label(places[index], &titles[card_of[index]]);
                Node {
                    path: unit.seen_from(base),
                    gate: None,
                    width: count(label.chars().count()) * CHARACTER + 28.0,
                    label,
                    card: card_of[index],
                    wave: order.wave(index),
                    source: unit.outline.source.as_ref().map(|source| source_seen_from(source, base)),
                    stack: stacks[index].take(),
                    external: unit.external,
                    excluded: unit.outline.exclude.as_ref().is_some_and(|exclude| exclude.leaves_out("plan")),
                    in_circle: order.in_circle(index),
                    problems: std::mem::take(&mut problems[index]),
                    at: Point::default(),
                }
            })
            .collect();
        let dependencies = estate
            .iter()
            .flat_map(|(index, unit)| unit.dependencies.iter().map(move |edge| (edge, index)))
            .map(|(edge, index)| Link {
                from: edge.to,
                to: index,
                name: edge.name.clone(),
                in_circle: order.same_circle(edge.to, index),
                line: Vec::new(),
            });
        let links = dependencies.chain(gated::links(gates, estate.units.len())).collect();
        for node in gated::nodes(gates, &card_of) {
            nodes.push(node);
        }
        let waves = nodes.iter().filter_map(|node| node.wave).max().unwrap_or_default();
        let title = paths::relative(base, &estate.root).display().to_string();
        let title = match title.as_str() {
            "." | "" | ".." => {
                estate.root.file_name().map_or(title, |name| name.to_string_lossy().into_owned())
            }
            _ => title,
        };
        let mut picture = Self {
            title,
            nodes,
            links,
            cards: Slots::default(),
            waves,
            problems: rest,
            width: 0.0,
            height: 0.0,
        };
        picture.lay_out(&titles, &columns);
        picture
    }

    /// Lays out what is known by its names only; every name with the places of what it depends on.
    pub fn of_names(title: &str, names: &[(&str, &[usize])]) -> Self {
        let behind = |behind: &[usize]| behind.iter().copied().map(UnitIndex).collect();
        let behind: Slots<UnitIndex, Vec<UnitIndex>> = names.iter().map(|(_, names)| behind(names)).collect();
        let order = Order::of(&behind);
        let places: Slots<UnitIndex, (&Path, bool)> =
            names.iter().map(|(name, _)| (Path::new(*name), false)).collect();
        let (titles, card_of) = cards(&places);
        let node = |(index, (name, _)): (UnitIndex, &(&str, &[usize]))| {
            let label = label(places[index], &titles[card_of[index]]);
            Node {
                path: (*name).to_owned(),
                gate: None,
                width: count(label.chars().count()) * CHARACTER + 28.0,
                label,
                card: card_of[index],
                wave: order.wave(index),
                source: None,
                stack: None,
                external: false,
                excluded: false,
                in_circle: order.in_circle(index),
                problems: Vec::new(),
                at: Point::default(),
            }
        };
        let link = |from: UnitIndex, to: UnitIndex| Link {
            from,
            to,
            name: None,
            in_circle: order.same_circle(from, to),
            line: Vec::new(),
        };
        let nodes: Slots<UnitIndex, Node> = places.slots().zip(names).map(node).collect();
        let links = behind.pairs().flat_map(|(to, behind)| behind.iter().map(move |from| (*from, to)));
        let links = links.map(|(from, to)| link(from, to)).collect();
        let waves = nodes.iter().filter_map(|node| node.wave).max().unwrap_or_default();
        let title = title.to_owned();
        let problems = Vec::new();
        let mut picture =
            Self { title, nodes, links, cards: Slots::default(), waves, problems, width: 0.0, height: 0.0 };
        picture.lay_out(&titles, &order);
        picture
    }

    /// How many gates there are.
    pub fn gates(&self) -> usize {
        self.nodes.iter().filter(|node| node.gate.is_some()).count()
    }

    /// How many units have something wrong with them.
    pub fn broken(&self) -> usize {
        self.nodes.iter().filter(|node| node.in_circle || !node.problems.is_empty()).count()
    }

    fn lay_out(&mut self, titles: &Slots<CardIndex, String>, order: &Order) {
        let mut members: Slots<CardIndex, Vec<UnitIndex>> = Slots::for_each_of(titles, Vec::new());
        let mut place_on_card = Slots::for_each_of(&self.nodes, ItemIndex(0));
        for (node, on) in self.nodes.pairs() {
            place_on_card[node] = ItemIndex(members[on.card].len());
            members[on.card].push(node);
        }
        let mut links_on: Slots<CardIndex, Vec<LinkIndex>> = Slots::for_each_of(titles, Vec::new());
        for (link, Link { from, to, .. }) in self.links.pairs() {
            let card = self.nodes[*from].card;
            if card == self.nodes[*to].card && order.column(*from) < order.column(*to) {
                links_on[card].push(link);
            }
        }
        let layouts: Slots<CardIndex, layers::Layout> = members
            .iter()
            .zip(&links_on)
            .map(|(members, links)| {
                let widths: Vec<f64> = members.iter().map(|node| self.nodes[*node].width).collect();
                let columns: Vec<usize> = members.iter().map(|node| order.column(*node)).collect();
                let lines: Vec<(ItemIndex, ItemIndex)> = links
                    .iter()
                    .map(|link| &self.links[*link])
                    .map(|link| (place_on_card[link.from], place_on_card[link.to]))
                    .collect();
                layers::lay_out(Drawing { widths: &widths, columns: &columns, lines: &lines })
            })
            .collect();
        let sizes: Slots<CardIndex, (f64, f64)> = layouts
            .iter()
            .zip(titles)
            .map(|(layout, title)| {
                let title = count(title.chars().count()) * CHARACTER * 1.1;
                (layout.width.max(title) + 2.0 * PADDING, layout.height + 2.0 * PADDING + TITLE)
            })
            .collect();
        let (places, width, height) = packing::pack(sizes.as_slice(), CARD_GAP);
        let hues = hues(titles.as_slice());
        for (card, at) in titles.slots().zip(places) {
            let at = Point { x: at.x + MARGIN, y: at.y + MARGIN };
            let inside = Point { x: at.x + PADDING, y: at.y + PADDING + TITLE };
            for (node, point) in members[card].iter().zip(&layouts[card].nodes) {
                self.nodes[*node].at = inside.and(*point);
            }
            for (link, bends) in links_on[card].iter().zip(&layouts[card].bends) {
                self.links[*link].line = bends.iter().map(|bend| inside.and(*bend)).collect();
            }
            let (width, height) = sizes[card];
            self.cards.push(Card { title: titles[card].clone(), hue: hues[card], at, width, height });
        }
        for link in &mut self.links {
            let (from, to) = (&self.nodes[link.from], &self.nodes[link.to]);
            let middle = NODE_HEIGHT / 2.0;
            link.line.insert(0, from.at.and(Point { x: from.width, y: middle }));
            link.line.push(to.at.and(Point { x: 0.0, y: middle }));
        }
        (self.width, self.height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    }
}

/// The titles of the cards, and the card of every unit; units are their paths, and whether they are external.
fn cards(units: &Slots<UnitIndex, (&Path, bool)>) -> (Slots<CardIndex, String>, Slots<UnitIndex, CardIndex>) {
    let folders = |path: &Path, depth: usize| -> PathBuf {
        path.parent().unwrap_or(Path::new("")).components().take(depth).collect()
    };
    let inside: Vec<&Path> = units.iter().filter(|(_, external)| !external).map(|(path, _)| *path).collect();
    let depth = (1..=DEEPEST_CARD)
        .rev()
        .find(|depth| {
            let cards: BTreeSet<PathBuf> = inside.iter().map(|path| folders(path, *depth)).collect();
            cards.len() * LEAST_ON_A_CARD <= inside.len()
        })
        .unwrap_or_default();
    let mut members: BTreeMap<(bool, String), Vec<UnitIndex>> = BTreeMap::new();
    for (unit, (path, external)) in units.pairs() {
        let title = if *external { "outside".to_owned() } else { folders(path, depth).display().to_string() };
        members.entry((*external, title)).or_default().push(unit);
    }
    let mut titles = Slots::default();
    let mut card_of = Slots::for_each_of(units, CardIndex(0));
    for ((_, title), members) in members {
        let card = titles.push(title);
        for unit in members {
            card_of[unit] = card;
        }
    }
    (titles, card_of)
}

fn label((path, external): (&Path, bool), card: &str) -> String {
    let inside = if external { path } else { path.strip_prefix(card).unwrap_or(path) };
    let name = inside.display().to_string();
    let name = if name.is_empty() { ".".to_owned() } else { name };
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= LONGEST_LABEL {
        return name;
    }
    // Names differ most often at their ends.
    let end: String = characters.iter().skip(characters.len() + 1 - LONGEST_LABEL).collect();
    format!("…{end}")
}

/// The address of a module; a folder under `base` is told from there, so that a drawing is the same on every
/// machine.
fn source_seen_from(source: &Address, base: &Path) -> String {
    let source = source.to_string();
    let base = base.display().to_string();
    let inside = source.strip_prefix(base.as_str()).and_then(|rest| rest.strip_prefix('/'));
    inside.map_or_else(|| source.clone(), |rest| format!("./{}", rest.trim_start_matches('/')))
}

/// A number for every card, the same for those that are the same in the first folder in which cards differ.
fn hues(titles: &[String]) -> Slots<CardIndex, usize> {
    let folder = |title: &String, depth: usize| title.split('/').nth(depth).unwrap_or_default().to_owned();
    let differ = |depth: &usize| {
        titles.iter().map(|title| folder(title, *depth)).collect::<BTreeSet<String>>().len() > 1
    };
    let depth = (0..DEEPEST_CARD).find(differ).unwrap_or_default();
    let first = |title: &String| folder(title, depth);
    let names: BTreeSet<String> = titles.iter().map(first).collect();
    titles
        .iter()
        .map(|title| names.iter().position(|name| *name == first(title)).unwrap_or_default())
        .collect()
}

/// What is wrong with every unit, and what is wrong beside them.
fn problems(estate: &Estate, diagnostics: &[Diagnostic]) -> (Slots<UnitIndex, Vec<String>>, Vec<String>) {
    let owners: BTreeMap<&Path, UnitIndex> =
        estate.iter().map(|(index, unit)| (unit.outline.file.as_path(), index)).collect();
    let mut problems = Slots::for_each_of(&estate.units, Vec::new());
    let mut rest = Vec::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
        let places = diagnostic.trace.iter().map(|frame| &frame.location).chain(&diagnostic.location);
        let files: BTreeSet<&Path> = places.map(|location| location.file.path()).collect();
        let mut of: BTreeSet<UnitIndex> = files.iter().filter_map(|file| owners.get(file).copied()).collect();
        if of.is_empty() {
            // An error in a shared file is one of all that read it.
            let reads = |unit: &Unit| {
                unit.outline.files_read.iter().any(|file| {
                    let file: &Path = file;
                    files.contains(file)
                })
            };
            of = estate.iter().filter(|(_, unit)| reads(unit)).map(|(index, _)| index).collect();
        }
        if of.is_empty() {
            rest.push(diagnostic.message.clone());
        }
        for index in of {
            problems[index].push(diagnostic.message.clone());
        }
    }
    (problems, rest)
}

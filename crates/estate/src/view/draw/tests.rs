//! Pictures and pages of small estates, and of large ones.

use super::items::ItemIndex;
use super::layers::{Drawing, lay_out};
use super::{Picture, page, svg};
use crate::estate::{Estate, Graph};
use crate::terragrunt::tests::Tree;
use slipway_hcl::diagnostic::Diagnostic;

fn on(dependency: &str) -> String {
    format!("dependency \"{dependency}\" {{\n  config_path = \"../{dependency}\"\n}}\n")
}

fn picture(tree: &Tree) -> Picture {
    let estate = Estate::discover(&tree.path("live"), &tree.reader("plan"));
    let mut diagnostics: Vec<Diagnostic> = estate.diagnostics.clone();
    diagnostics.extend(Graph::build(&estate).err().unwrap_or_default());
    Picture::new(&estate, &[], &diagnostics, &tree.path("live"))
}

fn node<'a>(picture: &'a Picture, path: &str) -> &'a super::Node {
    picture.nodes.iter().find(|node| node.path == path).unwrap()
}

#[test]
fn a_unit_stands_to_the_right_of_what_it_depends_on() {
    let tree = Tree::new(&[
        ("live/dev/networking/terragrunt.hcl", ""),
        ("live/dev/cluster/terragrunt.hcl", &on("networking")),
        ("live/dev/identity/terragrunt.hcl", &(on("cluster") + &on("networking"))),
    ]);
    let picture = picture(&tree);
    let x = |path: &str| node(&picture, path).at.x;
    assert!(x("dev/networking") < x("dev/cluster") && x("dev/cluster") < x("dev/identity"));
    assert_eq!(node(&picture, "dev/identity").wave, Some(3));
    assert_eq!(picture.waves, 3);
    for link in &picture.links {
        let (first, last) = (link.line[0], link.line[link.line.len() - 1]);
        let (from, to) = (&picture.nodes[link.from], &picture.nodes[link.to]);
        assert!((first.x - from.at.x - from.width).abs() < 0.01 && (last.x - to.at.x).abs() < 0.01);
    }
}

#[test]
fn a_picture_of_what_lies_around_the_estate_is_called_by_its_folder() {
    let tree = Tree::new(&[("live/a/terragrunt.hcl", "")]);
    let estate = Estate::discover(tree.root(), &tree.reader("plan"));
    let drawn = Picture::new(&estate, &[], &[], &tree.path("live"));
    assert_eq!(drawn.title, tree.root().file_name().unwrap().to_string_lossy());
}

#[test]
fn a_picture_without_gates_has_no_legend_of_them() {
    let tree = Tree::new(&[("live/a/terragrunt.hcl", "")]);
    let text = svg(&picture(&tree));
    assert!(!text.contains("<polygon") && !text.contains("</g>\n<g class=\"gate"), "{text}");
}

#[test]
fn units_in_a_circle_and_broken_units_are_drawn_and_marked() {
    let tree = Tree::new(&[
        ("live/a/terragrunt.hcl", &on("b")),
        ("live/b/terragrunt.hcl", &on("a")),
        ("live/behind/terragrunt.hcl", &on("a")),
        ("live/broken/terragrunt.hcl", "inputs = {\n"),
        ("live/lost/terragrunt.hcl", &on("nowhere")),
        ("live/sound/terragrunt.hcl", ""),
    ]);
    let picture = picture(&tree);
    assert_eq!(picture.nodes.len(), 6);
    assert!(node(&picture, "a").in_circle && node(&picture, "b").in_circle);
    assert_eq!(picture.links.iter().filter(|link| link.in_circle).count(), 2);
    assert_eq!((node(&picture, "a").wave, node(&picture, "behind").wave), (None, None));
    assert!(!node(&picture, "behind").in_circle);
    assert!(!node(&picture, "broken").problems.is_empty());
    assert!(node(&picture, "lost").problems[0].contains("nowhere"));
    assert!(node(&picture, "sound").problems.is_empty());
    assert_eq!(picture.broken(), 4);
    let drawn = svg(&picture);
    assert_eq!(drawn.matches("<g class=\"unit").count(), 6);
    assert_eq!(drawn.matches(" broken\"").count(), 4);
    assert_eq!(drawn.matches("<path class=\"circle\"").count(), 2);
}

#[test]
fn an_error_in_a_shared_file_marks_all_that_include_it() {
    let include = "include \"root\" {\n  path = \"../../root.hcl\"\n}\n";
    let tree = Tree::new(&[
        ("root.hcl", "inputs = { region = local.nothing }\n"),
        ("live/a/terragrunt.hcl", include),
        ("live/b/terragrunt.hcl", include),
        ("live/c/terragrunt.hcl", "terraform {\n  source = local.none\n}\n"),
    ]);
    let picture = picture(&tree);
    assert!(!node(&picture, "c").problems.is_empty());
}

#[test]
fn excluded_and_external_units_are_marked() {
    let tree = Tree::new(&[
        ("shared/vpc/terragrunt.hcl", ""),
        (
            "live/a/terragrunt.hcl",
            "dependencies {\n  paths = [\"../../shared/vpc\"]\n}\nexclude {\n  if = true\n  actions = [\"all\"]\n}\n",
        ),
    ]);
    let picture = picture(&tree);
    assert!(node(&picture, "../shared/vpc").external);
    assert!(node(&picture, "a").excluded && !node(&picture, "a").external);
    assert_eq!(picture.cards.iter().map(|card| card.title.as_str()).collect::<Vec<_>>(), ["", "outside"]);
}

#[test]
fn units_of_a_stack_lie_on_a_pile_and_name_it() {
    let tree = Tree::new(&[
        (
            "live/app/terragrunt.stack.hcl",
            "unit \"db\" {\n  source = \"../../units/db\"\n  path = \"db\"\n}\n",
        ),
        ("live/app/.terragrunt-stack/db/terragrunt.hcl", ""),
        ("live/other/terragrunt.hcl", ""),
    ]);
    let picture = picture(&tree);
    assert_eq!(node(&picture, "app/.terragrunt-stack/db").stack.as_deref(), Some("app"));
    assert_eq!(node(&picture, "other").stack, None);
    assert_eq!(svg(&picture).matches("class=\"pile\"").count(), 1);
}

#[test]
fn names_of_units_do_no_harm_to_the_page_or_the_picture() {
    let name = "</script><script>alert(1)</script>&\"'\u{2028}";
    let file = format!("live/{}/terragrunt.hcl", name.replace('/', "\u{2215}"));
    let tree = Tree::new(&[(&file, "terraform {\n  source = \"</script><!--\"\n}\n")]);
    let picture = picture(&tree);
    let drawn = page(&picture);
    let scripts = drawn.matches("<script").count();
    assert_eq!((scripts, drawn.matches("</script").count()), (2, 2));
    assert!(!drawn.contains("<!--") && !drawn.contains('\u{2028}'));
    assert!(!svg(&picture).contains("<script"));
    // The data is still what it was.
    let data = drawn.split("type=\"application/json\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["units"][0]["source"], "</script><!--");
}

#[test]
fn no_line_of_a_picture_begins_with_a_name_that_a_pipeline_would_obey() {
    let tree = Tree::new(&[
        ("live/new\n::error::x/a/terragrunt.hcl", "terraform {\n  source = \"::warning::y\"\n}\n"),
        ("live/new\n::error::x/b/terragrunt.hcl", &on("a")),
        ("live/b\n::error::u/terragrunt.hcl", "dependency \"c\" {\n  config_path = \"../::error::z\"\n}\n"),
        ("live/d/terragrunt.hcl", ""),
    ]);
    let text = svg(&picture(&tree));
    assert!(text.contains("::error::x"), "the card is there: {text}");
    for line in text.lines().map(str::trim_start) {
        assert!(!line.starts_with("::") && !line.starts_with("##"), "{line}");
    }
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let tree = Tree::new(&[("live/a/terragrunt.hcl", "")]);
    let page = page(&picture(&tree));
    for loader in ["src=", "@import", "url(", "fetch(", "http://", "https://"] {
        assert!(!page.contains(loader), "{loader}");
    }
}

/// The nth of numbers without order.
fn scattered(number: usize, below: usize) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17) % below
}

#[test]
fn a_large_layout_is_the_same_twice_covers_nothing_and_has_the_shape_of_a_screen() {
    let nodes = 2_000;
    let columns: Vec<usize> = (0..nodes).map(|node| node / 250).collect();
    let lines: Vec<(ItemIndex, ItemIndex)> = (250..nodes)
        .flat_map(|node| {
            [(scattered(node, 250) + (node / 250 - 1) * 250, node), (scattered(node * 7, 250), node)]
        })
        .map(|(from, to)| (ItemIndex(from), ItemIndex(to)))
        .collect();
    let widths = vec![120.0; nodes];
    let drawing = Drawing { widths: &widths, columns: &columns, lines: &lines };
    let (first, second) = (lay_out(drawing), lay_out(drawing));
    assert_eq!(first.nodes, second.nodes);
    let mut taken: Vec<(i64, i64)> = Vec::new();
    for point in &first.nodes {
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        taken.push((point.x.round() as i64, point.y.round() as i64));
    }
    taken.sort_unstable();
    for pair in taken.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[1].1 - pair[0].1 >= 30, "{pair:?}");
    }
    let ratio = first.width / first.height;
    assert!((0.5..3.0).contains(&ratio), "{} × {}", first.width, first.height);
}

#[test]
fn a_chain_is_drawn_straight() {
    let columns: Vec<usize> = (0..6).collect();
    let lines = (1..6).map(|node| (node - 1, node)).chain([(0, 5)]);
    let lines: Vec<_> = lines.map(|(from, to)| (ItemIndex(from), ItemIndex(to))).collect();
    let layout = lay_out(Drawing { widths: &[100.0; 6], columns: &columns, lines: &lines });
    // The ends stand between the chain and the line that passes it.
    let (nodes, bends) = (layout.nodes.as_slice(), layout.bends.as_slice());
    for node in &nodes[1..5] {
        assert!((node.y - nodes[1].y).abs() < 1.0, "{nodes:?}");
    }
    assert!(bends[5].iter().all(|bend| (bend.y - bends[5][0].y).abs() < 1.0));
}

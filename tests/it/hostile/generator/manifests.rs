//! Manifests repositories that are none.

use super::{Ingredient, Place, path_of};

pub const ALL: &[Ingredient] =
    &[Ingredient::new("odd manifests", odd), Ingredient::new("endless manifests", endless)];

fn odd(place: &mut Place) {
    let outside = place.outside();
    match place.rng.below(6) {
        0 => place.link("manifests/app/deployment.yaml", outside.join("secret.txt")),
        1 => place.link("manifests/app/values.yaml", "/dev/zero"),
        2 => place.link("manifests/other", outside.join("folder")),
        3 => place.write(path_of(b"manifests/n\xff\x1b[31m/deployment.yaml"), "kind: Deployment\n"),
        4 => place.write(
            "manifests/app/kustomization.yaml",
            "resources:\n  - ../../../../../../../dev/zero\n  - /etc/passwd\n  - https://127.0.0.1:9/x\n  - ../..\nimages:\n  - name: \"\u{1b}[31m\"\n    newTag: ::error::x\n",
        ),
        _ => place.write("manifests/app/deployment.yaml", b"kind: \xff\xfe\n\0- &a [*a, *a]\n\ttabs\n".as_slice()),
    }
    place.note("odd manifests");
}

fn endless(place: &mut Place) {
    let text = match place.rng.below(4) {
        0 => {
            let levels =
                (1..40).map(|level| format!("l{level}: &l{level} [*l{0}, *l{0}, *l{0}]\n", level - 1));
            format!("l0: &l0 [x]\n{}", levels.collect::<Vec<_>>().concat())
        }
        1 => "[".repeat(200_000),
        2 => "kind: Deployment\n---\n".repeat(20_000),
        _ => "- ".repeat(100_000),
    };
    place.write("manifests/app/deployment.yaml", &text);
    place.note(format!("manifests {:?}…", text.chars().take(60).collect::<String>()));
}

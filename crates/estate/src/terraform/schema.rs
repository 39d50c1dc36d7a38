//! Which names are blocks, where a module is written in JSON: there they look like attributes.

use slipway_hcl::json_syntax::{BlockSchema, BodySchema};

const fn block(name: &'static str, labels: usize, body: &'static BodySchema) -> BlockSchema {
    BlockSchema { name, labels, bare: None, body }
}

/// The blocks that declare something we read, with the labels that each of them has. All others are passed over.
pub(super) const MODULE: &BodySchema = &BodySchema {
    blocks: &[
        block("action", 2, BodySchema::ATTRIBUTES),
        block("data", 2, BodySchema::ATTRIBUTES),
        block("ephemeral", 2, BodySchema::ATTRIBUTES),
        block("module", 1, BodySchema::ATTRIBUTES),
        block("output", 1, BodySchema::ATTRIBUTES),
        block("provider", 1, BodySchema::ATTRIBUTES),
        block("resource", 2, BodySchema::ATTRIBUTES),
        block(
            "terraform",
            0,
            &BodySchema {
                blocks: &[
                    block("backend", 1, BodySchema::ATTRIBUTES),
                    block("cloud", 0, BodySchema::ATTRIBUTES),
                    block("required_providers", 0, BodySchema::ATTRIBUTES),
                ],
            },
        ),
        block("variable", 1, BodySchema::ATTRIBUTES),
    ],
};
